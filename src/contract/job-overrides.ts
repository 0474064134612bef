export type { InFlightJobOverrides as JobOverrides } from '../base/in-flight-job.js';
