/** What page tables do: mapping, accessed and dirty bits, and the faults of every kind. */
import { PLACE, PLAYGROUND } from './places.ts'
import type { LabSource } from './source.ts'

const PAGE_FAULT = 14
const ENTRY = PLACE.TABLE_PLAY + 8
/** RET. */
const RETURN = 0xc3

export function paging(source: LabSource): void {
  source.add('paging:')
  source.say('paging: ')
  source.add(`  mov eax, ${PLAYGROUND.DATA}`).hex(8)
  source.say(' is mapped to ')
  source.add(`  mov eax, ${PLACE.PLAY_PAGE}`).hex(8)
  source.say('; its entry is ')
  source.add(`  mov qword [${ENTRY}], ${PLACE.PLAY_PAGE + 3}\n  mov rax, [${ENTRY}]`).hex(16)
  source.say(', after a read ')
  source.add(`  mov eax, [${PLAYGROUND.DATA}]\n  mov rax, [${ENTRY}]`).hex(16)
  source.say(', after a write ')
  source.add(`  mov dword [${PLAYGROUND.DATA}], 0x1234abcd\n  mov rax, [${ENTRY}]`).hex(16)
  source.line('')
  source.say('paging: the same 4 bytes at both addresses: ')
  source.add(`  mov eax, [${PLACE.PLAY_PAGE}]`).hex(8)
  source.line('')
  fault(source, 'a read of a page that is not present', `mov qword [${ENTRY}], 0`, `mov eax, [${PLAYGROUND.DATA}]`)
  fault(
    source,
    'a write to a read-only page',
    `mov qword [${ENTRY}], ${PLACE.PLAY_PAGE + 1}`,
    `mov dword [${PLAYGROUND.DATA}], 1`,
  )
  const noExecute = `mov rax, 0x80000000${(PLACE.PLAY_PAGE + 3).toString(16).padStart(8, '0')}\n  mov [${ENTRY}], rax
  invlpg [${PLAYGROUND.DATA}]\n  mov byte [${PLAYGROUND.DATA}], ${RETURN}`
  fault(source, 'a fetch from a page with NX', noExecute, `mov eax, ${PLAYGROUND.DATA}\n  call rax`)
  source.add('  ret')
}

/** Brings about a page fault, and tells of it. */
function fault(source: LabSource, what: string, before: string, access: string): void {
  const on = source.label('paging_on')
  source.add(`  ${before}\n  invlpg [${PLAYGROUND.DATA}]`)
  source.expect(PAGE_FAULT, on)
  source.add(`  ${access}\n${on}:`)
  source.say(`paging: ${what} raises #PF: error `)
  source.add('  mov eax, [caught_error]').hex(4)
  source.say(', CR2 ')
  source.add('  mov rax, [caught_address]').hex(8)
  source.line('')
}
