// The entry of the process that looks into files that strangers made.
import { serve } from '../src/media/worker/worker.ts';

serve();
