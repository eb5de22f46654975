/** Memory 1 of a processor: state, TLB and predecoded code, in one WebAssembly memory. */
import { CpuState, FIELD, RFLAGS } from '@ringfold/arch'
import type { WasmMemory } from '@ringfold/contracts'
import { ACCESS_CLASS } from '@ringfold/mmu'
import { SCRATCH, TLB_ARRAY_BYTES, TLB_OFFSET } from '@ringfold/translator'

const WASM_PAGE = 65536
/** Room for predecoded code, at 32 bytes an instruction; untouched pages of it cost nothing. */
const DEFAULT_BYTES = 48 << 20

export class Memory1 {
  readonly wasm: WasmMemory
  readonly state: CpuState
  readonly view: DataView
  /** The 16 bytes that slow accesses bring or take. */
  readonly data: DataView
  readonly bytes: Uint8Array

  constructor(sizeBytes = DEFAULT_BYTES) {
    const pages = Math.ceil(sizeBytes / WASM_PAGE)
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const buffer = this.wasm.buffer as ArrayBuffer
    this.state = new CpuState(buffer, 0)
    this.view = new DataView(buffer)
    this.data = new DataView(buffer, SCRATCH.value, 16)
    this.bytes = new Uint8Array(buffer, SCRATCH.value, 16)
  }

  /** Where the first level of the TLB lies. */
  get tlb(): { readonly buffer: ArrayBufferLike; readonly byteOffset: number } {
    return { buffer: this.wasm.buffer, byteOffset: TLB_OFFSET }
  }

  /** Lets code use the TLB arrays of the class of accesses that it makes at this privilege level. */
  selectTlb(isUser: boolean): void {
    const ac = (this.state.lo(FIELD.systemFlags) & RFLAGS.lo.AC) !== 0
    const supervisor = ac ? ACCESS_CLASS.SUPERVISOR_AC : ACCESS_CLASS.SUPERVISOR
    const read = TLB_OFFSET + 2 * (isUser ? ACCESS_CLASS.USER : supervisor) * TLB_ARRAY_BYTES
    this.view.setInt32(SCRATCH.tlbRead, read, true)
    this.view.setInt32(SCRATCH.tlbWrite, read + TLB_ARRAY_BYTES, true)
  }
}
