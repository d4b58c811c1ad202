// A name server on a free port of this machine: a real one for the resolver, with the answers of a test.
import { createSocket } from 'node:dgram';
import type { Scope } from './scope.ts';

/** Addresses of a name; undefined: there is no such name; `silent`: nobody answers. */
export type Said = readonly string[] | 'silent' | undefined;

export interface NameServer {
  /** As a resolver takes it. */
  readonly address: string;
  /** How often a name was asked for its IPv4 addresses. */
  asked(name: string): number;
}

const [A, AAAA] = [1, 28];

/** Starts it; `say` is asked anew for each question, with how often the name was asked for before. */
export async function nameServer(t: Scope, say: (name: string, before: number) => Said): Promise<NameServer> {
  const asked = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const { name, type, end } = read(question);
    const before = asked.get(name) ?? 0;
    if (type === A) asked.set(name, before + 1);
    const said = say(name, type === A ? before : Math.max(0, before - 1));
    if (said === 'silent') return;
    const addresses = (said ?? []).filter(address => address.includes(':') === (type === AAAA));
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(said === undefined ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(addresses.length, 6);
    head.writeUInt16BE(0, 8);
    head.writeUInt16BE(0, 10);
    const answers = addresses.map(address => {
      const bytes = bytesOf(address);
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0); // the name of the question
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(60, 6);
      record.writeUInt16BE(bytes.length, 10);
      return Buffer.concat([record, bytes]);
    });
    socket.send(Buffer.concat([head, question.subarray(12, end), ...answers]), from.port, from.address);
  });
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => socket.close());
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked: name => asked.get(name) ?? 0,
  };
}

function read(question: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: question.readUInt16BE(at + 1), end: at + 5 };
}

/** IPv6 only in full or as ::n. */
function bytesOf(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [before = '', after = ''] = address.split('::');
  const left = before === '' ? [] : before.split(':');
  const right = after === '' ? [] : after.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [n, part] of [...left, ...zeros, ...right].entries())
    bytes.writeUInt16BE(Number.parseInt(part, 16), n * 2);
  return bytes;
}
