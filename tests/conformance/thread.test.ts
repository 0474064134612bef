import { describeChannels } from '../support/channel-conformance.ts';
import { describeConformance } from '../support/conformance.ts';
import { describeTalking } from '../support/talking-conformance.ts';
import { describeTraces, describeTracesOfDeaths } from '../support/trace-conformance.ts';
import { describeWorkers } from '../support/worker-conformance.ts';
import { describeWorkersOf } from '../support/workers-conformance.ts';

describeConformance('thread');
describeTalking('thread');
describeWorkersOf('thread');
describeChannels('thread');
describeTraces('thread');
describeTracesOfDeaths('thread');
describeWorkers('thread');
