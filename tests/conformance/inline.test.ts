import { describeConformance } from '../support/conformance.ts';
import { describeTalking } from '../support/talking-conformance.ts';

describeConformance('inline');
describeTalking('inline');
