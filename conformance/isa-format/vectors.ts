/** iced's formatter vectors (`Formatter/Intel` and `Formatter/Gas`): text of every form, under the options that come nearest to ours. */
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { Formatter, type FormatterOptions } from '@ringfold/isa/formatter'
import { hexBytes } from '../isa-vectors/archive.ts'
import { type Explanation, Tally } from '../isa-vectors/tally.ts'

export interface VectorText {
  readonly bits: 16 | 32 | 64
  readonly hex: string
  readonly code: string
}

const FOLDER = 'src/UnitTests/Intel/Formatter/'
const ADDRESS = { 16: 0x7ff0n, 32: 0x7ffffff0n, 64: 0x7ffffffffffffff0n } as const

/** Which of iced's files, and the options that answer it. */
const SETS: readonly { readonly file: string; readonly options: FormatterOptions }[] = [
  { file: 'Intel/Test#_MemDefault.txt', options: { separator: ',', smallDecimal: true } },
  { file: 'Gas/Test#_NoSuffix.txt', options: { syntax: 'att', smallDecimal: true } },
]

const dataLines = (text: string | undefined): string[] =>
  (text ?? '').split('\n').filter((l) => l !== '' && !l.startsWith('#'))

/** Prefixes that iced writes before the mnemonic because they change nothing else in the text. */
const PREFIXES =
  /^((data16|data32|data64|rep|addr16|addr32|rex(\.[a-z]+)?|[c-g]s|es|ss|bnd|xacquire|xrelease|notrack|repne?|repe|\.byte 0x66;) ?)+/i

/** What the two styles write differently: nothing of it changes what the instruction is. */
function style(text: string): string {
  return text
    .replace(PREFIXES, '')
    .replace(
      /\b(byte|word|dword|fword|qword|tbyte|xmmword|ymmword|zmmword|mmword|fpuenv\d+|fpustate\d+|segptr\d+|fword\d*|bndmov|bound\d*) (ptr|bcst) /g,
      '',
    )
    .replace(/^(l?call|l?jmp) far /, '$1 ')
    .replace(/^ret far/, 'retf')
    .replace(
      /^(?:l?(call|jmp))[wl]? \$?(0x[0-9a-f]+|\d)[:,]\$?(0x[0-9a-f]+|\d)$/,
      (_, name: string, a: string, b: string) => `${name} ${[a, b].sort().join()}`,
    )
    .replace(/%?\bst(\(0\))?,|,%?st(\(0\))?$|%?\bst(\(0\))?$/g, '')
    .replace(/\(%dx\)/g, '%dx')
    .replace(/%?[de]s:(?=[([])/g, '')
    .replace(/,p[nt]\b/, '')
    .replace(/0x0*(?=[0-9a-f])/g, '0x')
    .replace(/0x(\d)\b/g, '$1')
    .replace(/,\s+/g, ',')
    .replace(/\s+/g, ' ')
    .trim()
}

/** True where only the size suffix of an AT&T mnemonic differs. */
function sameButSuffix(a: string, b: string): boolean {
  const [first = '', ...restA] = a.split(' ')
  const [second = '', ...restB] = b.split(' ')
  const [short, long] = first.length < second.length ? [first, second] : [second, first]
  return (
    restA.join(' ') === restB.join(' ') && long.startsWith(short) && /^(ll|[bwlqstxy])?$/.test(long.slice(short.length))
  )
}

const EXPLANATIONS: readonly Explanation<VectorText>[] = [
  {
    id: 'style',
    why: 'the styles differ: size keywords beside a vector register, implied ST(0), idle prefixes, far pointers, (%dx), default segments, leading zeros',
    covers: (d) => style(d.ours) === style(d.theirs),
  },
  {
    id: 'suffix',
    why: 'GNU 2.40 writes a size suffix only where no operand tells the size; iced always for stack, branches and x87 and never for CRC32 (or the reverse)',
    covers: (d) => sameButSuffix(style(d.ours), style(d.theirs)),
  },
  {
    id: 'past-processors',
    why: 'instructions of past processors, MPX and hint-NOPs: other instructions on current ones',
    covers: (d) =>
      /^(Bnd|Reservednop|Umov|Svdc|Rsdc|Loadall|P(avgusb_0F50|addsiw|ave|mag|dist|subsiw|mv|mulhr|mulhriw|machriw)|Fstdw|Fstsg|Wbinvd|Nop)/.test(
        d.case.code,
      ),
  },
  {
    id: 'amd-branches',
    why: '66 before near branches in 64-bit mode: iced was asked for AMD, or shows a 16-bit target; on Intel the prefix is ignored',
    covers: (d) => d.case.bits === 64 && /66/.test(d.case.hex) && /^(J|Loop|Call|Jmp|Ret)/.test(d.case.code),
  },
  {
    id: 'prefetch-names',
    why: 'iced names 0F 0D /0 and /4 to /7 prefetch_exclusive and prefetch_reserved; the APM says PREFETCH (APM vol. 3, PREFETCHlevel)',
    covers: (d) => /^Prefetch/.test(d.case.code),
  },
  {
    id: 'condition-names',
    why: 'CMPccXADD: iced formats another synonym of the condition than its own mnemonic',
    covers: (d) => /^VEX_Cmp\w*xadd/.test(d.case.code),
  },
  {
    id: 'objdump-spelling',
    why: 'here we follow GNU objdump 2.40 against iced: movzww and movsww, and AAM and AAD with their base; D9 D8+i under its own name',
    covers: (d) => /^(Mov[sz]x_r16_rm16|Aa[md]_imm8|Fstpnce_sti)$/.test(d.case.code),
  },
  { id: 'sal-alias', why: 'group 2 /6: iced calls it SAL, we SHL as /4', covers: (d) => /^Sal_/.test(d.case.code) },
  {
    id: 'string-operands',
    why: 'the names of string instructions and XLATB have the size: Intel syntax leaves out the operands unless one is overridden',
    covers: (d) => /^(Movs|Cmps|Stos|Lods|Scas|Ins|Outs|Xlat)[bwdq]?_/.test(d.case.code),
  },
  {
    id: 'manual-operands',
    why: 'operands that the manual has and iced has not, or the reverse (VMRUN, MONITOR, MASKMOV, INVLPGA, <XMM0>, PEXTRW, selectors of 16 bits)',
    covers: (d) =>
      /^(Monitor|Mwait|Vmrun|Vmload|Vmsave|Skinit|Invlpga|Clzero|(VEX_V)?[Mm]askmov|P?[Bb]lendv|Sha256rnds2|(VEX_V)?[Pp]?extr|(VEX_V)?[Pp]?insr|Lldt|Ltr|Verr|Verw|Lmsw|Smsw|Sldt|Str|Arpl|Lar|Lsl|Mov_|Invlpgb|Enqcmd|Umonitor|Wait|Fwait|Ptwrite|Extractps|(VEX_V)?Extractps|(VEX_V)?Movmsk|(VEX_V)?Pmovmsk)/i.test(
        d.case.code,
      ),
  },
  {
    id: 'pseudo-operations',
    why: 'GNU writes the predicate of a compare into the mnemonic in AT&T, and its own names (xchg %ax,%ax; movabs; fwait)',
    covers: (d) => /cmp|clmul|nop|Nop|Pause|Xchg|wait|Wait/.test(d.case.code),
  },
]

/** All sets in one tally. Instructions of extensions that come later are left out. */
export function icedFormatterTally(files: ReadonlyMap<string, string>): Tally<VectorText> {
  const tally = new Tally<VectorText>('iced formatter vectors', EXPLANATIONS)
  const i = new Instruction()
  for (const { file, options } of SETS) {
    const formatter = new Formatter(options)
    for (const bits of [16, 32, 64] as const) {
      const decoder = new Decoder(bits)
      const infos = dataLines(files.get(`${FOLDER}InstructionInfos${bits}.txt`))
      const expected = dataLines(files.get(FOLDER + file.replace('#', `${bits}`)))
      i.ipLo = Number(BigInt.asIntN(32, ADDRESS[bits]))
      i.ipHi = Number(BigInt.asIntN(32, ADDRESS[bits] >> 32n))
      for (const [n, info] of infos.entries()) {
        const [hex = '', code = ''] = info.split(',').map((s) => s.trim())
        const bytes = hexBytes(hex)
        if (decoder.decode(i, bytes) !== Status.ok || i.length !== bytes.length) continue
        const [ours, theirs] = [formatter.format(i), expected[n] ?? '']
        tally.add({ bits, hex, code }, ours === theirs ? null : { what: 'text', ours, theirs })
      }
    }
  }
  return tally
}
