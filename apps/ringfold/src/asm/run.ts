import process from 'node:process'
import { type Assembled, AssemblerError, assemble, type ListingLine } from '@ringfold/isa/assembler'
import { Decoder, Instruction, mnemonicOf, Status } from '@ringfold/isa/decoder'
import { hexBytes } from '../disasm/hex.ts'
import { InputError } from '../exit.ts'
import { openSource } from '../input.ts'
import type { Bits } from '../numbers.ts'
import { BufferedOutput } from '../output.ts'
import type { AsmOptions } from './command.ts'

const ADDRESS_COLUMN = 8
const BYTES_COLUMN = 24

async function sourceText(words: readonly string[], { file }: AsmOptions): Promise<string> {
  if (file !== undefined && words.length > 0)
    throw new InputError('instructions are given twice: as arguments, and with --file')
  const path = file ?? (words.length === 1 && words[0] === '-' ? '-' : undefined)
  if (path === undefined && words.length === 0)
    throw new InputError('there is nothing to assemble', 'Give instructions, --file PATH, or - for standard input.')
  if (path === undefined) return withLineBreaks(words.join(' '))
  const source = await openSource(path)
  return new TextDecoder().decode(await source.rest())
}

/** On the command line `;` separates instructions, unless it stands in a string. */
const withLineBreaks = (text: string): string =>
  text.replace(/('[^']*'|"[^"]*")|;/g, (_, quoted: string | undefined) => quoted ?? '\n')

function assembled(text: string, options: AsmOptions): Assembled {
  try {
    return assemble(text, { bits: Number(options.bits) as Bits, origin: options.base ?? 0n })
  } catch (error) {
    if (error instanceof AssemblerError) throw new InputError(error.message)
    throw error
  }
}

/** Code, data and padding with bytes; labels have none. */
const withBytes = ({ listing }: Assembled): ListingLine[] => listing.filter(({ bytes }) => bytes.length > 0)

function listingLine({ address, bytes, text }: ListingLine): string {
  return `${address.toString(16).padStart(ADDRESS_COLUMN)}:  ${hexBytes(bytes, 0, bytes.length, ' ').padEnd(BYTES_COLUMN)}  ${text}\n`
}

/** The mnemonic that the bytes have, `''` for data. */
function mnemonicFor(bytes: Uint8Array, bits: Bits): string {
  const i = new Instruction()
  return new Decoder(bits).decode(i, bytes) === Status.ok && i.length === bytes.length ? mnemonicOf(i) : ''
}

const jsonLine = ({ address, bytes, bits, text }: ListingLine): string =>
  `${JSON.stringify({ address: `0x${address.toString(16)}`, bytes: hexBytes(bytes, 0, bytes.length), mnemonic: mnemonicFor(bytes, bits), text })}\n`

/** `ringfold asm`. */
export async function runAsm(words: readonly string[], options: AsmOptions): Promise<void> {
  const result = assembled(await sourceText(words, options), options)
  if (options.binary) {
    process.stdout.write(result.bytes)
    return
  }
  const output = new BufferedOutput()
  if (options.listing)
    for (const line of result.listing) output.add(line.bytes.length > 0 ? listingLine(line) : `${line.text}\n`)
  else if (options.json) for (const line of withBytes(result)) output.add(jsonLine(line))
  else for (const { bytes } of withBytes(result)) output.add(`${hexBytes(bytes, 0, bytes.length, ' ')}\n`)
  await output.drained()
}
