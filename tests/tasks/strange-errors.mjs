const BIG = 10n ** 40n;

/** Throws an error that is hard to send. */
export function throwMade(how, size) {
  throw make(how, size);
}

function make(how, size) {
  const error = new TypeError(`made as ${how}`);
  switch (how) {
    case 'getters':
      for (const key of ['message', 'name', 'code', 'cause', 'errors', 'extra'])
        Object.defineProperty(error, key, {
          enumerable: true,
          get() {
            throw new Error(`the getter of ${key}`);
          },
        });
      return error;
    case 'getter-stack':
      Object.defineProperty(error, 'stack', {
        get() {
          throw 'not even an error';
        },
      });
      return error;
    case 'circular':
      error.cause = error;
      error.self = { error };
      return error;
    case 'crossed': {
      const other = new RangeError('the other', { cause: error });
      error.cause = other;
      error.errors = [other, error, [other]];
      return error;
    }
    case 'deep': {
      let cause = error;
      for (let i = 0; i < 1000; i++) cause = new Error(`level ${i}`, { cause });
      return cause;
    }
    case 'bigint':
      return Object.assign(error, { big: BIG, map: new Map([[BIG, new Set([BIG])]]), [BIG]: 1 });
    case 'unclonable':
      return Object.assign(error, { fn: () => 1, symbol: Symbol('s'), weak: new WeakMap(), deep: [{ fn() {} }] });
    case 'frozen':
      return Object.freeze(error);
    case 'null-prototype':
      return Object.setPrototypeOf(error, null);
    case 'proxy':
      return new Proxy(error, {});
    case 'revoked': {
      const { proxy, revoke } = Proxy.revocable(error, {});
      revoke();
      return proxy;
    }
    case 'no-message':
      return Object.assign(new Error(), { message: undefined });
    case 'strange-fields':
      return Object.assign(error, { message: { not: 'text' }, name: 7, stack: [1], cause: BIG, errors: 'none' });
    case 'aggregate':
      return new AggregateError([new Error('one'), 2, null, () => 1, Symbol('s'), error], 'several', { cause: 0 });
    case 'class':
      return new (class Strange extends RangeError {
        #hidden = 1;
        code = 'E_STRANGE';
        get hidden() {
          return this.#hidden;
        }
      })('of a class');
    case 'symbol':
      return Symbol('thrown');
    case 'promise':
      return Promise.resolve(1);
    case 'huge-value':
      return { list: Array.from({ length: size * 1000 }, (_, i) => i) };
    case 'huge-message':
      return new Error('m'.repeat(size));
    case 'huge-stack':
      return Object.assign(error, { stack: 's'.repeat(size) });
    case 'huge-name':
      return Object.assign(error, { name: 'n'.repeat(size) });
    case 'dom':
      return new DOMException('of the web', 'DataCloneError');
    case 'toString':
      return {
        toString() {
          throw new Error('toString');
        },
        get [Symbol.toStringTag]() {
          throw new Error('toStringTag');
        },
      };
    case 'fake-error':
      return { __proto__: Error.prototype, name: 'Fake', message: 'no native one', stack: null };
    case 'constructor':
      return Object.setPrototypeOf(error, {
        __proto__: Error.prototype,
        get constructor() {
          throw new Error('constructor');
        },
      });
    default:
      throw new Error(`cannot make ${how}`);
  }
}
