/** Between the state image of vectors and the state of our processor. */
import { type CpuState, FIELD, readFpuStatus, writeFpuStatus } from '@ringfold/arch'
import { IMAGE, IMAGE_BYTES } from './image.ts'

const REGISTERS = 8
const XMM_REGISTERS = 16
const ST_BYTES = 10

/** FIP, FDP and their kin, MXCSR, and registers; segments and flags are the caller's. */
export function loadState(state: CpuState, image: Uint8Array): void {
  const view = new DataView(image.buffer, image.byteOffset)
  state.u8.set(image.subarray(IMAGE.gpr, IMAGE.gpr + 128), FIELD.gpr.offset)
  const halves = (at: number): [number, number] => [view.getUint32(at, true), view.getUint32(at + 4, true)]
  state.set(FIELD.rip, ...halves(IMAGE.rip))
  state.set(FIELD.fsBase, ...halves(IMAGE.fsBase))
  state.set(FIELD.gsBase, ...halves(IMAGE.gsBase))
  state.setLo(FIELD.fpuControl, view.getUint16(IMAGE.fcw, true))
  writeFpuStatus(state, view.getUint16(IMAGE.fsw, true))
  const top = state.lo(FIELD.fpuTop)
  state.setLo(FIELD.fpuTag, view.getUint8(IMAGE.ftw))
  state.setLo(FIELD.fpuOpcode, view.getUint16(IMAGE.fop, true))
  state.set(FIELD.fip, ...halves(IMAGE.fip))
  state.set(FIELD.fdp, ...halves(IMAGE.fdp))
  state.setLo(FIELD.fcs, 0)
  state.setLo(FIELD.fds, 0)
  state.setLo(FIELD.mxcsr, view.getUint32(IMAGE.mxcsr, true))
  for (let n = 0; n < REGISTERS; n++) {
    const from = IMAGE.st + 16 * n
    state.bytes(FIELD.fpr, (top + n) & 7).set(image.subarray(from, from + ST_BYTES))
  }
  for (let n = 0; n < XMM_REGISTERS; n++) {
    const from = IMAGE.xmm + 16 * n
    state.bytes(FIELD.xmm, n).set(image.subarray(from, from + 16))
  }
}

/** The image of a state, without RFLAGS; CS, SS, RIP and RSP are those of now. */
export function storeState(state: CpuState): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES)
  const view = new DataView(image.buffer)
  image.set(state.u8.subarray(FIELD.gpr.offset, FIELD.gpr.offset + 128), IMAGE.gpr)
  view.setBigUint64(IMAGE.rip, state.readBig(FIELD.rip), true)
  view.setBigUint64(IMAGE.fsBase, state.readBig(FIELD.fsBase), true)
  view.setBigUint64(IMAGE.gsBase, state.readBig(FIELD.gsBase), true)
  for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const) view.setUint16(IMAGE[name], state.read(name), true)
  view.setUint16(IMAGE.fcw, state.lo(FIELD.fpuControl), true)
  view.setUint16(IMAGE.fsw, readFpuStatus(state), true)
  const top = state.lo(FIELD.fpuTop)
  view.setUint8(IMAGE.ftw, state.lo(FIELD.fpuTag))
  view.setUint16(IMAGE.fop, state.lo(FIELD.fpuOpcode), true)
  view.setBigUint64(IMAGE.fip, state.readBig(FIELD.fip), true)
  view.setBigUint64(IMAGE.fdp, state.readBig(FIELD.fdp), true)
  view.setUint32(IMAGE.mxcsr, state.lo(FIELD.mxcsr), true)
  for (let n = 0; n < REGISTERS; n++) image.set(state.bytes(FIELD.fpr, (top + n) & 7), IMAGE.st + 16 * n)
  for (let n = 0; n < XMM_REGISTERS; n++) image.set(state.bytes(FIELD.xmm, n), IMAGE.xmm + 16 * n)
  return image
}
