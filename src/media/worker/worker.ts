/** What runs in the process: jobs come, each is answered. It ends with the process that started it. */
import { writeFileSync } from 'node:fs';
import type { FromWorker, Job, Looked, ToWorker } from '../jobs.ts';
import { NoFfmpeg } from './ffmpeg.ts';
import { convertFilm, film, filmSticker } from './films.ts';
import { picture, square, sticker } from './pictures.ts';
import { sound } from './sounds.ts';

/** `program` is the ffmpeg that is used. */
export function serve(program: string): void {
  // Short of memory the machine must end this process and no other (Linux, proc(5)).
  if (process.platform === 'linux')
    try {
      writeFileSync('/proc/self/oom_score_adj', '1000');
    } catch {
      // A container may forbid it; then whoever is largest goes.
    }
  process.on('message', ({ id, job }: ToWorker) => {
    run(program, job).then(
      looked => answer({ id, ok: true, looked }),
      (error: Error) => {
        const why = error instanceof NoFfmpeg ? 'no-ffmpeg' : 'unreadable';
        answer({ id, ok: false, why, detail: error.message });
      },
    );
  });
  // Whoever started us is gone, and what we have started goes with us: they are our group.
  process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
}

function answer(message: FromWorker): void {
  process.send?.(message);
}

function run(program: string, job: Job): Promise<Looked> {
  switch (job.do) {
    case 'picture':
      return picture(job.from, job.to, job.edge);
    case 'square':
      return square(job.from, job.to, job.edge);
    case 'sticker':
      return sticker(job.from, job.to);
    case 'film-sticker':
      return filmSticker(program, job, job.to);
    case 'film':
      return film(program, job);
    case 'film-convert':
      return convertFilm(program, job, job);
    case 'sound':
      return sound(program, job, job.to, job.form);
  }
}
