import Database from 'better-sqlite3';

let file;
let statement;

/** The largest orders of a customer, with their sum. @param {{ path: string, customer: number }} input */
export function ordersOf({ path, customer }) {
  if (file !== path) {
    file = path;
    statement = new Database(path, { readonly: true }).prepare(
      'SELECT id, amount, note, sum(amount) OVER () AS total FROM orders WHERE customer = ? ORDER BY amount DESC, id LIMIT 20',
    );
  }
  return statement.all(customer);
}
