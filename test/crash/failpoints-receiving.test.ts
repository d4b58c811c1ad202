import { failpoints } from '../../src/lib/failpoint.ts';
import { killedAt } from './killed-at.ts';

killedAt(failpoints.filter(point => point.startsWith('recv.')));
