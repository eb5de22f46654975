/** Reads families (table/*.ts, notation in table/NOTATION.md) into forms, expanding the size letters v, z, y and x. */
import type { Family } from '../table/notation.ts'
import { type Form, type ImmToken, MODES, type Mode, type OperandSpec, type Place, PP } from './form.ts'
import { encodedOperand, fixedOperand, splitAccess, TableError } from './operand-types.ts'

interface Columns {
  readonly encoding: readonly string[]
  readonly opEn: string
  readonly mnemonic: string
  readonly operands: readonly string[]
  readonly attributes: readonly string[]
}

const SIZE_V = /(^|\/)rv(\/|$)|\/mv$|^mv$|^mv&v$|^m16:v$|^immv$|^rAX$|^r(CX|DX|BX|SP|BP|SI|DI)$|^moffsv$|^[XY]v$|^iv$/
const SIZE_Z = /(^|\/)rz(\/|$)|\/mz$|^mz$|^immz$|^zAX$|^relz$|^ptr16:z$|^[XY]z$|^iz$|^cz$|^ap$|^m16:z$/
const SIZE_Y = /(^|\/)ry(\/|$)|\/my$|^my$|^[XY]y$|Wy$/
const VECTOR_X = /xymm|(^|\/)mx$/

function columns(line: string): Columns {
  const cells = line.split('|').map((c) => c.trim())
  const [mnemonic, ...rest] = (cells[2] ?? '').split(/\s+/)
  if (cells.length < 3 || !mnemonic) throw new TableError('a row needs three columns: encoding | op/en | instruction')
  const operands = rest
    .join(' ')
    .split(',')
    .map((o) => o.trim())
    .filter((o) => o !== '')
  return {
    encoding: (cells[0] ?? '').split(/\s+/),
    opEn: cells[1] ?? '',
    mnemonic,
    operands,
    attributes: (cells[3] ?? '').split(/\s+/).filter((a) => a),
  }
}

/** Which forms a row stands for: operand sizes and vector lengths; `null` where the letter does not occur. */
function expansions(
  c: Columns,
  attributes: ReadonlySet<string>,
): { size: Mode | null; kind: 'v' | 'z' | 'y' | null; l: 0 | 1 | null }[] {
  const types = [...c.operands.map((o) => splitAccess(o).type), ...c.encoding.map((e) => e.replace(/^VEX\..*\./, ''))]
  const has = (re: RegExp) => types.some((t) => re.test(t))
  const lengths: (0 | 1 | null)[] = has(VECTOR_X) || c.encoding.some((e) => e.startsWith('VEX.x.')) ? [0, 1] : [null]
  const wide = attributes.has('d64') || attributes.has('f64')
  let kind: 'v' | 'z' | 'y' | null = null
  let sizes: (Mode | null)[] = [null]
  if (c.encoding.some((e) => /^o(16|32|64)$/.test(e)))
    sizes = [Number(c.encoding.find((e) => /^o(16|32|64)$/.test(e))?.slice(1)) as Mode]
  else if (has(SIZE_V)) [kind, sizes] = ['v', [16, 32, 64]]
  else if (has(SIZE_Z)) [kind, sizes] = ['z', wide ? [16, 32, 64] : [16, 32]]
  else if (has(SIZE_Y)) [kind, sizes] = ['y', [32, 64]]
  if (attributes.has('i64')) sizes = sizes.filter((s) => s !== 64)
  return sizes.flatMap((size) => lengths.map((l) => ({ size, kind, l })))
}

/** Replaces the size letters of one operand type or immediate token. */
function atSize(type: string, size: Mode | null, l: 0 | 1 | null): string {
  const v = size ?? 32
  const z = v === 16 ? 16 : 32
  const y = v === 64 ? 64 : 32
  const accumulator = { 16: '', 32: 'E', 64: 'R' }[v]
  let t = type.replace(/xymm/g, l ? 'ymm' : 'xmm').replace(/(^|\/)mx$/, `$1m${l ? 256 : 128}`)
  if (t === 'immz' && size === 64) return 'imm32sx'
  t = t.replace(/^r(AX|CX|DX|BX|SP|BP|SI|DI)$/, `${accumulator}$1`).replace(/^z(AX)$/, `${v === 16 ? '' : 'E'}$1`)
  t = t
    .replace(/^mv&v$/, `m${v}&${v}`)
    .replace(/^m16:v$/, `m16:${v}`)
    .replace(/^m16:z$/, `m16:${z}`)
    .replace(/^ptr16:z$/, `ptr16:${z}`)
  t = t.replace(/^(r|\/m)?(imm|moffs|rel)v$/, `$2${v}`).replace(/^(imm|rel)z$/, `$1${z}`)
  t = t
    .replace(/(^|\/)([rm]|[XY])v(?=\/|$)/g, `$1$2${v}`)
    .replace(/(^|\/)([rm]|[XY])z(?=\/|$)/g, `$1$2${z}`)
    .replace(/(^|\/)([rm]|[XY])y(?=\/|$)/g, `$1$2${y}`)
  const letters: Record<string, number> = { b: 8, w: 16, d: 32, q: 64 }
  return t.replace(/^([XY])([bwdq])$/, (_, s: string, w: string) => s + letters[w])
}

interface Encoding {
  space: 'legacy' | 'vex'
  map: number
  opcode: number
  plusR: boolean
  hasModrm: boolean
  mod: 0 | 1 | null
  reg: number | null
  rm: number | null
  pp: number[] | null
  w: 0 | 1 | null
  l: 0 | 1 | null
  addressSize: Mode | null
  imms: ImmToken[]
}

const VEX_MAP: Readonly<Record<string, number>> = { '0F': 1, '0F38': 2, '0F3A': 3, M7: 7 }

function vexPrefix(e: Encoding, token: string, l: 0 | 1 | null, kind: string | null, size: Mode | null): void {
  const [, length, pp, map, w] = token.split('.')
  if (!length || !pp || !map || !w || VEX_MAP[map] === undefined)
    throw new TableError(`'${token}': VEX.L.pp.map.W expected`)
  e.space = 'vex'
  e.map = VEX_MAP[map]
  if (!(pp in PP)) throw new TableError(`'${token}': pp is NP, 66, F3 or F2`)
  e.pp = [PP[pp as keyof typeof PP]]
  if (length === 'x') e.l = l
  else if (length !== 'LIG') e.l = length === '256' || length === 'L1' ? 1 : 0
  if (w === 'W0' || w === 'W1') e.w = w === 'W1' ? 1 : 0
  else if (w === 'Wy') e.w = size === 64 ? 1 : 0
  else if (w !== 'WIG') throw new TableError(`'${token}': W is W0, W1, WIG or Wy`)
  if (kind === 'y' && w === 'Wy' && size === null) throw new TableError(`'${token}': Wy without a y operand`)
}

function immToken(token: string, size: Mode | null): ImmToken[] | null {
  const z = size === 16
  switch (token) {
    case 'ib':
    case 'iw':
    case 'id':
    case 'iq':
    case 'cb':
    case 'cw':
    case 'cd':
    case 'mo':
      return [token]
    case 'iz':
      return [z ? 'iw' : 'id']
    case 'iv':
      return [z ? 'iw' : size === 64 ? 'iq' : 'id']
    case 'cz':
      return [z ? 'cw' : 'cd']
    case 'ap':
      return [z ? 'ap16' : 'ap32']
    case '/is4':
      return ['is4']
    default:
      return null
  }
}

interface OpcodeState {
  escape: string
  seen: boolean
}

/** Escape bytes and mandatory prefixes, which stand before the opcode. @returns true where the byte was one. */
function isPrefixOrEscape(e: Encoding, hex: string, state: OpcodeState): boolean {
  if (state.seen || e.space !== 'legacy') return false
  if (state.escape === '0F' && (hex === '38' || hex === '3A')) state.escape = `0F${hex}`
  else if (state.escape !== '') return false
  else if (hex === '0F') state.escape = '0F'
  else if (hex === '66' || hex === 'F2' || hex === 'F3') e.pp = [PP[hex]]
  else return false
  return true
}

function opcodeByte(e: Encoding, token: string, state: OpcodeState): void {
  const m = /^([0-9A-F]{2})(\+[ri])?$/.exec(token)
  if (!m) throw new TableError(`encoding token '${token}' is not in NOTATION.md`)
  if (isPrefixOrEscape(e, m[1] ?? '', state)) return
  const byte = Number.parseInt(m[1] ?? '', 16)
  if (!state.seen) {
    state.seen = true
    e.opcode = byte
    e.plusR = m[2] === '+r'
    if (e.space === 'legacy') e.map = state.escape === '' ? 0 : (VEX_MAP[state.escape] ?? 0)
    return
  }
  e.hasModrm = true
  e.mod = byte >= 0xc0 ? 1 : 0
  e.reg = (byte >> 3) & 7
  if (m[2] !== '+i') e.rm = byte & 7
}

function parseEncoding(tokens: readonly string[], size: Mode | null, kind: string | null, l: 0 | 1 | null): Encoding {
  const e: Encoding = {
    space: 'legacy',
    map: 0,
    opcode: -1,
    plusR: false,
    hasModrm: false,
    mod: null,
    reg: null,
    rm: null,
    pp: null,
    w: null,
    l: null,
    addressSize: null,
    imms: [],
  }
  const state = { escape: '', seen: false }
  // F2/F3/66 are mandatory prefixes only where an escape, another prefix or VEX follows; `90`'s F3 row is one too.
  for (const token of tokens) {
    const imm = immToken(token, size)
    if (imm) e.imms.push(...imm)
    else if (token.startsWith('VEX.')) vexPrefix(e, token, l, kind, size)
    else if (token === 'NP') e.pp = [PP.NP]
    else if (token === 'NFx') e.pp = e.pp ?? [PP.NP, PP['66']]
    else if (token === 'REX.W' || token === 'NOREX.W') e.w = token === 'REX.W' ? 1 : 0
    else if (/^o(16|32|64)$/.test(token)) continue
    else if (/^a(16|32|64)$/.test(token)) e.addressSize = Number(token.slice(1)) as Mode
    else if (token === '/r') e.hasModrm = true
    else if (/^\/[0-7]$/.test(token)) [e.hasModrm, e.reg] = [true, Number(token[1])]
    else opcodeByte(e, token, state)
  }
  if (e.opcode < 0) throw new TableError('no opcode')
  return e
}

function parseOperands(c: Columns, size: Mode | null, l: 0 | 1 | null): OperandSpec[] {
  const letters = c.opEn === 'ZO' ? [] : [...c.opEn]
  let immediates = 0
  const operands = c.operands.map((text) => {
    const { type, access } = splitAccess(text)
    const sized = atSize(type, size, l)
    const fixed = fixedOperand(sized, access)
    if (fixed) return fixed
    const letter = letters.shift()
    if (letter === undefined) throw new TableError(`operand '${text}' has no letter in OP/EN '${c.opEn}'`)
    if (!'RMVOIDS'.includes(letter)) throw new TableError(`OP/EN letter '${letter}' is not in NOTATION.md`)
    const place = letter === 'I' && immediates++ > 0 ? 'J' : (letter as Place)
    return encodedOperand(sized, place, access, size ?? 0)
  })
  if (letters.length > 0) throw new TableError(`OP/EN '${c.opEn}' has more letters than there are encoded operands`)
  return operands
}

/** Attributes: words, features, and key:value facts. */
function parseAttributes(
  words: readonly string[],
  l: 0 | 1 | null,
): Pick<Form, 'attributes' | 'features' | 'later'> & { facts: Record<string, string> } {
  const attributes = new Set<string>()
  const features: string[] = []
  const facts: Record<string, string> = {}
  let later: string | null = null
  for (const word of words) {
    const fact = /^(flags|imp|flow|priv|vmx|svm|sens):(.*)$/.exec(word)
    if (fact)
      facts[fact[1] ?? ''] =
        fact[1] === 'flags'
          ? (fact[2] ?? '').replace(/,/g, ' ')
          : fact[1] === 'imp'
            ? (fact[2] ?? '').replace(/,/g, ' ')
            : (fact[2] ?? '')
    else if (word.startsWith('later=')) later = word.slice(6)
    else if (/^[A-Z]/.test(word)) {
      const pair = word.split('/')
      features.push((pair.length === 2 && l !== null ? pair[l] : word) ?? word)
    } else attributes.add(word)
  }
  return { attributes, features, later, facts }
}

function modesOf(
  attributes: ReadonlySet<string>,
  size: Mode | null,
  kind: string | null,
  e: Encoding,
): readonly Mode[] {
  if (attributes.has('i64')) return [16, 32]
  if (attributes.has('o64') || size === 64 || (e.space === 'legacy' && e.w === 1)) return [64]
  if (e.addressSize === 64) return [64]
  if (e.addressSize === 16) return [16, 32]
  const wide = attributes.has('d64') || attributes.has('f64')
  // In 64-bit mode a d64 form has no 32-bit operand size, and an f64 form neither 32 nor (on Intel) 16.
  if (wide && size === 32 && (kind !== null || size !== null)) return [16, 32]
  if (attributes.has('f64') && size === 16 && !attributes.has('amd')) return [16, 32]
  return MODES
}

const FAMILY_FACTS = { flags: 'flags', implicit: 'imp', priv: 'priv', vmx: 'vmx', svm: 'svm' } as const

function formOf(
  f: Family,
  c: Columns,
  line: string,
  lineNumber: number,
  x: { size: Mode | null; kind: 'v' | 'z' | 'y' | null; l: 0 | 1 | null },
): Form {
  const attrs = parseAttributes([...(f.attrs ?? '').split(/\s+/).filter((a) => a), ...c.attributes], x.l)
  const facts: Record<string, string> = {}
  for (const [field, key] of Object.entries(FAMILY_FACTS)) {
    const value = f[field as keyof typeof FAMILY_FACTS]
    if (value !== undefined) facts[key] = value
  }
  Object.assign(facts, attrs.facts)
  const e = parseEncoding(c.encoding, x.size, x.kind, x.l)
  // The element of a gather is as wide as W says; the type names the width of its index (SDM vol. 2C, VGATHERDPS).
  const operands = parseOperands(c, x.size, x.l).map((o) => (o.vsib ? { ...o, memBytes: e.w ? 8 : 4 } : o))
  const modes = modesOf(attrs.attributes, x.size, x.kind, e)
  const rmOperand = operands.find((o) => o.place === 'M')
  let mod = e.mod
  if (rmOperand && mod === null && !attrs.attributes.has('nomodreg'))
    mod = rmOperand.reg && rmOperand.mem ? null : rmOperand.mem ? 0 : 1
  const bySize = x.kind === 'y'
  // `y` forms go by W alone. A 16/32-bit machine has no W: there the 32-bit form takes every W (SDM 2B, VPINSRQ note 1).
  const w = bySize && e.space === 'legacy' ? (x.size === 64 ? 1 : 0) : e.w
  return {
    family: f,
    row: line,
    line: lineNumber,
    name: '',
    mnemonic: c.mnemonic,
    space: e.space,
    map: e.map,
    opcode: e.opcode,
    plusR: e.plusR,
    hasModrm: e.hasModrm,
    mod,
    reg: e.reg,
    rm: e.rm,
    pp: e.pp,
    w,
    l: e.l,
    operandSize: x.size,
    sizeKind: x.kind,
    addressSize: e.addressSize,
    modes,
    vendor: attrs.attributes.has('amd') ? 'amd' : attrs.attributes.has('intel') ? 'intel' : null,
    size64: attrs.attributes.has('d64') ? 'd64' : attrs.attributes.has('f64') ? 'f64' : null,
    imms: e.imms,
    operands,
    attributes: attrs.attributes,
    features: attrs.features,
    facts,
    later: attrs.later,
    encoding: encodingText(c.encoding, x, e),
  }
}

function encodingText(
  tokens: readonly string[],
  x: { size: Mode | null; kind: string | null; l: 0 | 1 | null },
  e: Encoding,
): string {
  const text = tokens.map((t) => {
    if (t.startsWith('VEX.x.')) t = t.replace('VEX.x.', x.l ? 'VEX.256.' : 'VEX.128.')
    if (t.endsWith('.Wy')) t = t.replace('.Wy', `.W${e.w}`)
    return (immToken(t, x.size)?.[0] ?? t)
      .replace(/^is4$/, '/is4')
      .replace(/^ap(16|32)$/, (_, n: string) => (n === '16' ? 'cd' : 'cp'))
  })
  if (x.kind === 'v' || x.kind === 'z') text.unshift(`o${x.size}`)
  else if (x.kind === 'y' && e.space === 'legacy' && x.size === 64) text.unshift('REX.W')
  return text.join(' ')
}

function typeSlug(type: string): string {
  return type.toLowerCase().replace(/[/:&()@]/g, '')
}

/** Stable names: `add_rm32_r32`. Where two forms would share one, the encoding decides: `_o16`, `_op82`. */
function nameForms(forms: readonly Form[], onError?: (message: string) => void): void {
  const byName = new Map<string, Form[]>()
  for (const f of forms) {
    f.name = [f.mnemonic.toLowerCase(), ...f.operands.map((o) => typeSlug(o.type))].join('_')
    byName.set(f.name, [...(byName.get(f.name) ?? []), f])
  }
  const unique = (group: Form[], suffix: (f: Form) => string): Form[][] => {
    const parts = new Map<string, Form[]>()
    for (const f of group) parts.set(suffix(f), [...(parts.get(suffix(f)) ?? []), f])
    if (parts.size === 1) return [group]
    for (const [s, part] of parts) for (const f of part) f.name += s
    return [...parts.values()]
  }
  for (const group of byName.values()) {
    if (group.length === 1) continue
    const suffixes: ((f: Form) => string)[] = [
      (f) => (f.operandSize ? `_o${f.operandSize}` : ''),
      (f) =>
        f.attributes.has('alias') || f.attributes.has('undoc') || group.every((g) => !g.attributes.has('alias'))
          ? `_${f.opcode.toString(16).padStart(2, '0')}`
          : '',
      (f) => (f.attributes.has('alias') && f.reg !== null ? `_${f.reg}` : ''),
      (f) => (f.vendor ? `_${f.vendor}` : ''),
      (f) => (f.addressSize ? `_a${f.addressSize}` : ''),
      (f) => (f.w === null ? '' : `_w${f.w}`),
      (f) => (f.l === null ? '' : `_l${f.l}`),
      (f) => (f.pp ? `_p${f.pp.join('')}` : ''),
      (f) => (f.reg === null ? '' : `_r${f.reg}`),
      (f) => (f.mod === null ? '' : f.mod ? '_reg' : '_mem'),
      (f) => (f.rm === null ? '' : `_rm${f.rm}`),
    ]
    let parts = [group]
    for (const s of suffixes) parts = parts.flatMap((p) => (p.length > 1 ? unique(p, s) : [p]))
    const clash = parts.find((p) => p.length > 1)
    if (!clash) continue
    const message = `forms that cannot be told apart: ${clash.map((f) => f.row.trim()).join('  AND  ')}`
    if (!onError) throw new TableError(message)
    onError(message)
  }
}

/** All forms of the families, in their order, with unique names. Throws TableError naming family, row and reason. */
export function parseFamilies(families: readonly Family[], onError?: (message: string) => void): Form[] {
  const forms: Form[] = []
  for (const f of families) {
    f.rows.split('\n').forEach((raw, i) => {
      const line = raw.replace(/(^|\s)#.*$/, '').trim()
      if (line === '') return
      try {
        const c = columns(line)
        const attributes = new Set([...(f.attrs ?? '').split(/\s+/), ...c.attributes])
        for (const x of expansions(c, attributes)) forms.push(formOf(f, c, line, i, x))
      } catch (e) {
        if (!(e instanceof TableError)) throw e
        const message = `${f.name}: '${line}': ${e.message}`
        if (!onError) throw new TableError(message)
        onError(message)
      }
    })
  }
  nameForms(forms, onError)
  return forms
}
