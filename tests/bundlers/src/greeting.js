export const greeting = 'the name';
