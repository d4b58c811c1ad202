// What a business says about itself, as the control plane takes it.
import { z } from '@hono/zod-openapi';

export const Text = z.string().max(2_048);
const Minute = z.number().int().min(0).max(1_440);
const Hours = z.object({
  day: z.enum(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']),
  mode: z.enum(['open_24h', 'specific_hours', 'appointment_only']),
  open: Minute.optional().openapi({ description: 'Minutes after midnight.' }),
  close: Minute.optional(),
});
export const Said = z.object({
  verifiedName: z.string().min(1).max(100).optional().openapi({ description: 'Its name when absent.' }),
  address: Text.optional(),
  email: Text.optional(),
  description: Text.optional(),
  websites: z.array(Text).max(2).optional(),
  categories: z
    .array(z.object({ id: z.string(), name: z.string() }))
    .max(3)
    .optional(),
  hours: z.object({ timezone: z.string(), days: z.array(Hours).max(28) }).optional(),
});
