/** Executable sections of an ELF64 file (System V ABI, gABI chapter 4: SHF_EXECINSTR). Replaced by boot/elf once that is there. */
export function executableSections(file: Uint8Array): Uint8Array[] {
  const v = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const table = Number(v.getBigUint64(0x28, true))
  const size = v.getUint16(0x3a, true)
  const count = v.getUint16(0x3c, true)
  const sections: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const at = table + i * size
    const [type, flags] = [v.getUint32(at + 4, true), v.getUint32(at + 8, true)]
    if (type !== 1 || (flags & 4) === 0) continue
    const offset = Number(v.getBigUint64(at + 24, true))
    sections.push(file.subarray(offset, offset + Number(v.getBigUint64(at + 32, true))))
  }
  return sections
}
