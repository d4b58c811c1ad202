import { ask } from '../asking/command.ts';
import { type Found, findNumbers } from '../asking/usync.ts';

/** Which of these numbers (digits) have an account, in the order in which they were given. */
export const userCheck = ask({
  name: 'user-check',
  async run(
    { numbers }: { readonly numbers: readonly string[] },
    connection,
  ): Promise<readonly (Found & { readonly number: string })[]> {
    const found = await findNumbers(connection, [...new Set(numbers)]);
    return numbers.map(number => {
      const jid = `${number}@s.whatsapp.net`;
      return { number, ...(found.get(number) ?? { known: false, jid }) };
    });
  },
});
