import { fuzz } from '../support/openapi/fuzz.ts';

fuzz(0);
