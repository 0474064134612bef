import { describeChannels } from '../support/channel-conformance.ts';
import { describeConformance } from '../support/conformance.ts';
import { describeTalking } from '../support/talking-conformance.ts';
import { describeTraces } from '../support/trace-conformance.ts';
import { describeWorkersOf } from '../support/workers-conformance.ts';

describeConformance('inline');
describeTalking('inline');
describeWorkersOf('inline');
describeChannels('inline');
describeTraces('inline');
