import { messageOf, TaskNotFoundError } from '../../errors.js';
import type { TaskCode } from './known-task.js';
import { standInsFor } from './stand-ins.js';

/** Compiles a function's source text, in strict mode. The function sees its arguments and globals only. */
export function compile(text: string, name: string): TaskCode {
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    throw new TaskNotFoundError(
      `Cannot send task '${name}' by its source text: it is a native or bound function, which has none; wrap it in a function, or export it from a module and use taskModule()`,
    );
  }
  const standIns = standInsFor(text);
  const withStandIns = (expression: string): unknown =>
    standIns.size === 0
      ? evaluate(expression, name)
      : Reflect.apply(evaluate(`((${[...standIns.keys()]})=>${expression})`, name) as TaskCode, undefined, [
          ...standIns.values(),
        ]);
  let code: unknown;
  try {
    code = withStandIns(`(${text}\n)`);
  } catch (cause) {
    // a method's text, `name(…) { … }`, is not an expression by itself
    try {
      code = Object.values(withStandIns(`({${text}\n})`) as object)[0];
    } catch {
      const advice = /import\.meta/.test(text)
        ? '; the function is sent by its source text, which has no import.meta: pass the URL as an argument, or export the function from a module and use taskModule()'
        : '';
      throw new TaskNotFoundError(`Cannot read the source text of task '${name}': ${messageOf(cause)}${advice}`, {
        cause,
      });
    }
  }
  if (typeof code !== 'function' || /^class\b/.test(text))
    throw new TaskNotFoundError(
      `Cannot call task '${name}': its source text is not that of a function; submit a function that creates the object and uses it`,
    );
  return code as TaskCode;
}

function evaluate(expression: string, name: string): unknown {
  // an indirect call, so that the code sees globals only; with a name, so that stacks show it
  // biome-ignore lint/security/noGlobalEval: it is the caller's own function, sent as text; `vm` would deny it import()
  const evaluateGlobally = globalThis.eval;
  return evaluateGlobally(`'use strict';${expression}\n//# sourceURL=inline-task:${name.replace(/[^\w$.-]/g, '_')}`);
}
