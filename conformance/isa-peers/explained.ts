/** Where the table and iced-x86 differ on bytes that neither chose, and why. */
import type { Explanation } from '../isa-vectors/tally.ts'
import type { PeerCase } from './iced.ts'

export const ICED_PEER_DIFFERENCES: readonly Explanation<PeerCase>[] = [
  {
    id: 'evex-xop-later',
    why: 'EVEX, XOP and 3DNow! come later: same length, meaning not in the table',
    covers: (d) => d.what === 'notInTable' && /^(EVEX|XOP|D3NOW|KNC|MVEX)_/.test(d.theirs),
  },
  {
    id: 'later',
    why: 'extension that comes later (a row with later=): same length',
    covers: (d) => d.what === 'notInTable' && d.ours !== '',
  },
  {
    id: 'extent-only',
    why: 'EVEX, XOP, 3DNow! or other later bytes that iced rejects: without their rows we only know the extent',
    covers: (d) => d.what === 'status' && d.theirs === 'invalid' && d.ours === 'notInTable',
  },
  {
    id: 'via',
    why: 'VIA and Zhaoxin PadLock: not current Intel or AMD processors',
    covers: (d) => d.ours === 'invalid' && /^(Montmul|Xsha|Xcrypt|Xstore|Ccs_|Via_undoc)/.test(d.theirs),
  },
  {
    id: 'sal-alias',
    why: 'group 2 /6: iced calls it SAL, we SHL as /4',
    covers: (d) => d.what === 'mnemonic' && d.ours === 'shl' && d.theirs === 'sal',
  },
  {
    id: 'hint-nop',
    why: 'reserved hint-NOPs (0F 0D, 0F 18-1F): iced names them reservednop, hardware executes NOP (SDM vol. 2D, table A-3)',
    covers: (d) => d.what === 'mnemonic' && d.ours === 'nop' && d.theirs === 'reservednop',
  },
]
