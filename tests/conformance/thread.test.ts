import { describeConformance } from '../support/conformance.ts';
import { describeTalking } from '../support/talking-conformance.ts';
import { describeWorkers } from '../support/worker-conformance.ts';

describeConformance('thread');
describeTalking('thread');
describeWorkers('thread');
