import { currentJob } from 'thread-system/worker';

export const thumbnail = () => currentJob().name;
