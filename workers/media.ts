// The entry of the process that looks into files that strangers made; it is told which ffmpeg to use.
import { serve } from '../src/media/worker/worker.ts';

serve(process.argv[2] ?? 'ffmpeg');
