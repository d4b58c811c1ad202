import { fuzz } from '../support/openapi/fuzz.ts';

fuzz(1);
