/**
 * Register numbers. A register is `class * 32 + number`, where `number` is the one that encodings use (REX bit as bit 3), so that
 * class and number come out with a shift and a mask. AH, CH, DH and BH are numbers 20..23 of the 8-bit class (16 + their encoding 4..7).
 */

/** Register classes in the order of their numbers. */
export const REGISTER_CLASSES = [
  'none',
  'r8',
  'r16',
  'r32',
  'r64',
  'sreg',
  'cr',
  'dr',
  'st',
  'mm',
  'xmm',
  'ymm',
  'zmm',
  'k',
  'tmm',
  'bnd',
  'ip',
] as const

export type RegisterClass = (typeof REGISTER_CLASSES)[number]

/** Class numbers by name. */
export const RegisterClassId: Readonly<Record<RegisterClass, number>> = /* @__PURE__ */ Object.freeze(
  /* @__PURE__ */ Object.fromEntries(/* @__PURE__ */ REGISTER_CLASSES.map((c, i) => [c, i])),
) as Record<RegisterClass, number>

/** A register as one integer; 0 is none. */
export type Register = number

const GPR = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di']
const range = (n: number, name: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => name(i))

function namesOf(c: RegisterClass): readonly string[] {
  const extended = (suffix: string) => range(8, (i) => `r${i + 8}${suffix}`)
  switch (c) {
    case 'none':
      return []
    case 'r8':
      return [
        'al',
        'cl',
        'dl',
        'bl',
        'spl',
        'bpl',
        'sil',
        'dil',
        ...extended('b'),
        '',
        '',
        '',
        '',
        'ah',
        'ch',
        'dh',
        'bh',
      ]
    case 'r16':
      return [...GPR, ...extended('w')]
    case 'r32':
      return [...GPR.map((g) => `e${g}`), ...extended('d')]
    case 'r64':
      return [...GPR.map((g) => `r${g}`), ...extended('')]
    case 'sreg':
      return ['es', 'cs', 'ss', 'ds', 'fs', 'gs']
    case 'st':
      return range(8, (i) => `st(${i})`)
    case 'mm':
    case 'k':
    case 'tmm':
      return range(8, (i) => `${c}${i}`)
    case 'bnd':
      return range(4, (i) => `bnd${i}`)
    case 'ip':
      return ['ip', 'eip', 'rip']
    case 'zmm':
      return range(32, (i) => `zmm${i}`)
    case 'cr':
    case 'dr':
    case 'xmm':
    case 'ymm':
      return range(16, (i) => `${c}${i}`)
  }
}

const NAMES: readonly string[] = /* @__PURE__ */ (() => {
  const all: string[] = []
  for (const [k, c] of REGISTER_CLASSES.entries()) for (const [i, name] of namesOf(c).entries()) all[k * 32 + i] = name
  return Array.from(all, (n) => n ?? '')
})()

const BY_NAME: ReadonlyMap<string, Register> = /* @__PURE__ */ (() => {
  const map = new Map<string, Register>()
  for (const [r, n] of NAMES.entries()) if (n !== '') map.set(n, r)
  map.set('st', RegisterClassId.st * 32)
  return map
})()

/** Lower-case name of a register (`rax`, `xmm3`, `st(1)`), or `''` where the number names none. */
export const registerName = (r: Register): string => NAMES[r] ?? ''

/** The register of that name in either case, or 0. */
export const registerByName = (name: string): Register => BY_NAME.get(name.toLowerCase()) ?? 0

/** The register `number` of a class. */
export const register = (c: RegisterClass, number: number): Register => RegisterClassId[c] * 32 + number

export const registerClass = (r: Register): RegisterClass => REGISTER_CLASSES[r >> 5] ?? 'none'

/** The number within its class, as encodings have it (REX bit as bit 3; AH..BH are 20..23). */
export const registerNumber = (r: Register): number => r & 31

const BITS = [0, 8, 16, 32, 64, 16, 64, 64, 80, 64, 128, 256, 512, 64, 8192, 128, 64]

/** Width in bits. */
export const registerBits = (r: Register): number => BITS[r >> 5] ?? 0

/** All registers of a class, in the order of their numbers. */
export const registersOf = (c: RegisterClass): readonly Register[] =>
  namesOf(c).flatMap((n, i) => (n === '' ? [] : [register(c, i)]))
