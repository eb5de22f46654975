/** The tables as ACPICA's compiler reads them, and the encoder against what it writes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { platform } from '../../tests/platform.ts'
import { acpiTables, aml } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringfold-acpi-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** What it prints, on either stream, and whatever its status. */
function iasl(...args: string[]): string {
  const { stdout, stderr } = spawnSync('iasl', args, { cwd: directory, encoding: 'utf8' })
  return `${stdout}${stderr}`
}

const hasIasl = iasl('-v').includes('ASL')
const minimal = { localApicIds: [0], ioApics: [], overrides: [], localApicAddress: 0xfee0_0000, pm: platform.pm }
const many = { ...platform, localApicIds: Array.from({ length: 300 }, (_, id) => id) }
/** Without its header. */
const HEADER_BYTES = 36

describe.skipIf(!hasIasl)('as iasl reads (skipped where iasl is absent)', () => {
  it.each([
    ['everything', platform],
    ['nothing but processors', minimal],
    ['300 processors', many],
  ])('the DSDT of %s, which it compiles to the same bytes', (_name, described) => {
    const bytes = acpiTables(described).bySignature.get('DSDT') as Uint8Array
    writeFileSync(join(directory, 'dsdt.dat'), bytes)
    iasl('-d', 'dsdt.dat')
    expect(iasl('-oa', '-p', 'again', 'dsdt.dsl')).toContain('0 Errors, 0 Warnings, 0 Remarks')
    expect(readFileSync(join(directory, 'again.aml')).subarray(HEADER_BYTES)).toEqual(
      Buffer.from(bytes.subarray(HEADER_BYTES)),
    )
  })

  it.each(['FACP', 'APIC', 'HPET', 'MCFG', 'FACS', 'RSDT', 'XSDT'])('%s', (signature) => {
    writeFileSync(join(directory, `${signature}.dat`), acpiTables(platform).bySignature.get(signature) as Uint8Array)
    const printed = iasl('-d', `${signature}.dat`)
    expect(printed).toContain('Formatted output')
    expect(printed).not.toMatch(/warning|error|invalid|incorrect/i)
    expect(iasl(`${signature}.dsl`)).toMatch(/Compilation successful\. 0 Errors, 0 Warnings/)
  })
})

/** Every term of the encoder, beside its ASL. */
const ASL = `DefinitionBlock ("", "SSDT", 2, "RNGFLD", "RINGFOLD", 1) {
  OperationRegion (PORT, SystemIO, 0x505, 0x100)
  Field (PORT, ByteAcc, NoLock, Preserve) { FLDA, 8, FLDB, 100 }
  Name (TEXT, "abc")
  Name (PACK, Package () { 3, "x", Buffer () { 1, 2 }, TEXT })
  Name (IRQS, ResourceTemplate () {
    IRQ (Level, ActiveLow, Shared) { 10 }
    IRQNoFlags () { 4 }
    Interrupt (ResourceConsumer, Edge, ActiveLow, Shared) { 17 }
    Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 300 }
  })
  Method (TEST, 2, Serialized) {
    If (LAnd (Arg0, LOr (FLDA, LEqual (Arg1, 7)))) { And (Arg0, 0xF0, Local0) }
    Else { Store (Or (Arg0, LNot (Arg1)), Local0) }
    Store (Local0, FLDB)
    Return (PACK)
  }
}`

function sameTerms(): Uint8Array {
  const [arg0, arg1] = [aml.arg(0), aml.arg(1)]
  const flda = aml.reference('FLDA')
  const condition = aml.both(arg0, aml.either(flda, aml.equal(arg1, aml.integer(7))))
  const contents = [aml.integer(3), aml.string('x'), aml.buffer([1, 2]), aml.reference('TEXT')]
  return aml.block([
    aml.operationRegion('PORT', { space: aml.REGION_SPACE.SYSTEM_IO, offset: 0x505, sizeBytes: 0x100 }),
    aml.fields('PORT', aml.FIELD_ACCESS.BYTE, [
      ['FLDA', 8],
      ['FLDB', 100],
    ]),
    aml.name('TEXT', aml.string('abc')),
    aml.name('PACK', aml.packageOf(contents)),
    aml.name(
      'IRQS',
      aml.resourceTemplate([
        aml.irqOf(10, { trigger: 'level', polarity: 'low', isShared: true }),
        aml.irq(4),
        aml.interrupt(17, { trigger: 'edge', polarity: 'low', isShared: true }),
        aml.interrupt(300, { trigger: 'level', polarity: 'high' }),
      ]),
    ),
    aml.method('TEST', { args: 2, serialized: true }, [
      aml.when(
        condition,
        [aml.evaluated(aml.and(arg0, aml.integer(0xf0), aml.local(0)))],
        [aml.store(aml.or(arg0, aml.not(arg1)), aml.local(0))],
      ),
      aml.store(aml.local(0), aml.reference('FLDB')),
      aml.returned(aml.reference('PACK')),
    ]),
  ])
}

it.skipIf(!hasIasl)('writes the bytes that iasl writes (skipped where iasl is absent)', () => {
  writeFileSync(join(directory, 'terms.asl'), ASL)
  iasl('-oa', '-p', 'terms', 'terms.asl')
  const theirs = readFileSync(join(directory, 'terms.aml')).subarray(HEADER_BYTES)
  const ours = Buffer.from(sameTerms())
  expect(ours.toString('hex')).toBe(theirs.toString('hex'))
})
