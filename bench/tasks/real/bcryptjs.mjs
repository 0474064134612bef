import { hashSync } from 'bcryptjs';

/** @param {{ password: string, salt: string }} input */
export const hash = ({ password, salt }) => hashSync(password, salt);
