import { describeConformance } from '../support/conformance.ts';
import { describeWorkers } from '../support/worker-conformance.ts';

describeConformance('thread');
describeWorkers('thread');
