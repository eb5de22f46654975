import { parseHexNumber } from '../rsp/hex.ts'
import { ERROR, type StubSession } from './session.ts'

/** `g` */
export function readRegisters(session: StubSession): string {
  return session.table.readAll(session.registers())
}

/** `G` */
export function writeRegisters(session: StubSession, text: string): string {
  const done = session.table.writeAll(session.registers(), text)
  session.target.stateWritten(session.thread)
  return done ? 'OK' : ERROR.REFUSED
}

/** `p` */
export function readRegister(session: StubSession, text: string): string {
  const number = parseHexNumber(text)
  return number === null ? ERROR.INVALID : (session.table.read(session.registers(), number) ?? ERROR.INVALID)
}

/** `P` */
export function writeRegister(session: StubSession, text: string): string {
  const [number, value = ''] = text.split('=')
  const parsed = parseHexNumber(number)
  if (parsed === null) return ERROR.INVALID
  if (!session.table.write(session.registers(), parsed, value)) return ERROR.REFUSED
  session.target.stateWritten(session.thread)
  return 'OK'
}
