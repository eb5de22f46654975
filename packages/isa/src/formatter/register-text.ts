/** Registers as text: one array by register number for each style. */
import { registerClass, registerName } from '../registers.ts'
import type { Style } from './options.ts'

const COUNT = 17 * 32

/** Name of register `r` in the style; `st(0)` is `st` where it is the top of the stack by name (GNU: `%st`). */
export function registerText(s: Style, r: number): string {
  let name = registerName(r)
  if (name === '') return ''
  // GNU names debug registers %db0 in AT&T syntax.
  if (s.syntax === 'att' && registerClass(r) === 'dr') name = name.replace('dr', 'db')
  if (s.upper.registers) name = name.toUpperCase()
  return s.syntax === 'att' ? `%${name}` : name
}

/** Texts of all registers by number. */
export const registerTexts = (s: Style): readonly string[] =>
  Array.from({ length: COUNT }, (_, r) => registerText(s, r))
