/**
 * A development check: decodes systematically enumerated byte strings with the table's decoder and with iced-x86, and lists where they disagree in validity, length or mnemonic, grouped.
 * `node check-rows.ts [--map legacy0|legacy1|legacy2|legacy3|vex] [--mode 16|32|64] [--all] [WORD]` (WORD: only lines containing it)
 */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'

execFileSync(
  process.execPath,
  ['-C', '@ringfold/source', new URL('generate.ts', import.meta.url).pathname, '--keep-going'],
  { stdio: 'inherit' },
)
const { Decoder, Instruction, Status } = await import('../src/decoder/index.ts')
const { MNEMONICS, FORM_MNEMONIC } = await import('../src/generated/names.ts')
const { FORM_NAMES } = await import('../src/generated/form-names.ts')

const require = createRequire(import.meta.url)
const iced = require('iced-x86')
const args = process.argv.slice(2)
const option = (n: string) => (args.includes(n) ? args[args.indexOf(n) + 1] : undefined)
const onlyMap = option('--map')
const onlyMode = option('--mode')
const word = args.filter((a, i) => !a.startsWith('--') && !args[i - 1]?.startsWith('--m'))[0]
const groups = new Map<string, { n: number; sample: string }>()
const codeName = new Map<number, string>(
  Object.keys(iced.Code)
    .filter((k) => Number.isNaN(+k))
    .map((k) => [iced.Code[k], k]),
)
const mnemonicName = new Map<number, string>(
  Object.keys(iced.Mnemonic)
    .filter((k) => Number.isNaN(+k))
    .map((k) => [iced.Mnemonic[k], k.toLowerCase()]),
)
const insn = new Instruction()
const tail = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x08, 0x99, 0xaa]
let total = 0

function* enumerate(): Generator<[string, number[]]> {
  const modrms: number[] = []
  for (let reg = 0; reg < 8; reg++) {
    modrms.push(reg * 8, reg * 8 + 4)
    for (let rm = 0; rm < 8; rm++) modrms.push(0xc0 + reg * 8 + rm)
  }
  const escapes: [string, number[]][] = [
    ['legacy0', []],
    ['legacy1', [0x0f]],
    ['legacy2', [0x0f, 0x38]],
    ['legacy3', [0x0f, 0x3a]],
  ]
  for (const [map, escapeBytes] of escapes)
    for (const pp of [[], [0x66], [0xf3], [0xf2], [0x66, 0xf2], [0x66, 0xf3], [0x67], [0xf0]])
      for (const rex of [[], [0x48], [0x45]]) {
        for (let op = 0; op < 256; op++) {
          if (
            map === 'legacy0' &&
            ([0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x62, 0xc4, 0xc5, 0x8f].includes(op) ||
              (op >= 0x64 && op <= 0x67) ||
              (op >= 0xf0 && op <= 0xf3))
          )
            continue
          if (map === 'legacy1' && (op === 0x38 || op === 0x3a)) continue
          for (const m of modrms) yield [map, [...pp, ...rex, ...escapeBytes, op, m, ...tail]]
        }
      }
  for (const m of [1, 2, 3])
    for (let pp = 0; pp < 4; pp++)
      for (const l of [0, 4])
        for (const w of [0, 0x80])
          for (const v of [0x78, 0x58, 0x18])
            for (let op = 0; op < 256; op++)
              for (const modrm of modrms) yield ['vex', [0xc4, 0xe0 | m, w | v | l | pp, op, modrm, ...tail]]
  for (const modrm of modrms) for (const op of [0xc4, 0xc5, 0x8f, 0x62]) yield ['legacy0', [op, modrm, ...tail]]
}

for (const mode of [16, 32, 64] as const) {
  if (onlyMode && Number(onlyMode) !== mode) continue
  const decoder = new Decoder(mode)
  for (const [map, list] of enumerate()) {
    if (onlyMap && map !== onlyMap) continue
    if (
      mode !== 64 &&
      list.some((b, i) => (b === 0x48 || b === 0x45) && i < 3 && list.length - i > 11 && map !== 'vex' && i < 2)
    )
      continue
    const bytes = Uint8Array.from([...list, ...new Array<number>(32).fill(0)])
    total++
    decoder.decode(insn, bytes, 0)
    const d = new iced.Decoder(mode, bytes.subarray(0, 15), iced.DecoderOptions.None)
    const i = d.decode()
    const code = codeName.get(i.code) ?? '?'
    const valid = i.code !== iced.Code.INVALID
    const mine =
      insn.status === Status.ok
        ? (MNEMONICS[FORM_MNEMONIC[insn.form] ?? 0] ?? '')
        : insn.status === Status.notInTable
          ? 'notInTable'
          : 'invalid'
    const theirs = valid ? (mnemonicName.get(i.mnemonic) ?? '') : 'invalid'
    let what = ''
    if (mine === 'invalid' || theirs === 'invalid') {
      if (mine !== theirs) what = `ours ${mine} (${FORM_NAMES[insn.form]}) iced ${theirs} (${code})`
    } else if (insn.length !== i.length)
      what = `length ours ${insn.length} (${mine} ${FORM_NAMES[insn.form]}) iced ${i.length} (${code})`
    else if (mine !== 'notInTable' && mine !== theirs)
      what = `mnemonic ours ${mine} (${FORM_NAMES[insn.form]}) iced ${theirs} (${code})`
    if (what) {
      const g = groups.get(`${mode} ${map} ${what}`)
      if (g) g.n++
      else
        groups.set(`${mode} ${map} ${what}`, {
          n: 1,
          sample: list
            .slice(0, 8)
            .map((b) => b.toString(16).padStart(2, '0'))
            .join(' '),
        })
    }
    i.free()
    d.free()
  }
}
const lines = [...groups]
  .map(([k, g]) => `${k}  x${g.n}  e.g. ${g.sample}`)
  .filter((l) => !word || l.includes(word))
  .sort()
console.log((args.includes('--all') ? lines : lines.slice(0, 200)).join('\n'))
console.log(
  `${total} byte strings, ${groups.size} kinds of disagreement (${lines.length} shown at most 200 without --all)`,
)
