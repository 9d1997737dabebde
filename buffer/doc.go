// Package buffer is a log on disk: one writer appends records, each of several cursors reads them in order, and what
// every cursor has passed is removed. It knows nothing of events: index, body and state are bytes to it.
//
// # Promises
//
// When Ticket.Wait returns nil, the cut and its state survive a crash of the process and of the machine. State is
// never ahead of the documents it came with. A cursor that is restored never passes over a document that its output
// did not acknowledge, except those that are counted as dropped or damaged. A number that was given to a document is
// never given to another. Damage costs the record it is in, by number, and never stops a start. A damaged record whose
// index is whole is handed on, so that others can take its place before any cursor passes it (Repair).
//
// # Folder
//
//	LOCK                   locked while a process has the log open; holds its pid
//	<first>.slg            segments, named by the sequence number of their first document, 20 digits
//	<first>.slg.tmp        a segment that is being made; removed at the next start
//	cursors/<name>.cur     the place of each cursor; the name is made safe and has a hash of the cursor's name
//	ballast                bytes given up when the disk is full
//	quarantine/            damaged bytes, for people to look at: <segment>-<offset>, or whole files with no header
//
// Anything else is foreign and left alone. Folders have mode 0700, files 0600.
//
// # Format, version 1
//
// Numbers are little-endian. CRC is CRC32C (Castagnoli). Times are Unix milliseconds. Reserved bytes are zero.
//
// A segment is a header, a copy of it, a snapshot, and records:
//
//	   0  header, 128 bytes
//	 512  the header again; it is read if the first is damaged
//	1024  snapshot, padded to 8 bytes
//	      records, each padded to 8 bytes
//
// The segment header:
//
//	  0  "SLUICSEG"
//	  8  u16 version, 1
//	 10  u16 flags: 1 = has a predecessor
//	 12  u32 length of the snapshot
//	 16  u64 salt, random: no bytes that came from outside can look like a record of this segment
//	 24  u64 first: sequence number of the first document, and the segment's name
//	 32  u64 base: the sequence number where the predecessor ends. Numbers from base to first were skipped, not lost
//	 40  u64 documents in the log before this segment, ever: so that the loss of whole segments is counted exactly
//	 48  i64 time of creation
//	 56  u64 first of the predecessor
//	 64  u64 offset in the predecessor where its records end
//	 72  i64 earliest and
//	 80  i64 latest time of the predecessor's documents; earliest > latest if it has none
//	 88  u64 base of the predecessor
//	 96  u32 CRC of the snapshot
//	100  reserved
//	124  u32 CRC of the 124 bytes before
//
// Thus a segment seals its predecessor: whatever stands in that behind the offset does not exist for any reader. Only
// the newest segment has no such end, and only it is read through at a start.
//
// The snapshot lists all cursors and all of the state, as far as both were on disk. A number without a width is an
// unsigned varint:
//
//	count of cursors, then for each: length of the name, name, flags (1 = forgotten), prefix, dropped, damaged,
//	    count of ranges, then for each: distance from the end of the one before (or the prefix), length
//	entries to the end: length of the key, key, length of the value plus one (0 = deleted), value
//
// A record:
//
//	 0  u32 0x52434c53 ("SLCR")
//	 4  u8  type, 1
//	 5  u8  length of the header in units of 8 bytes, 12
//	 6  u16 flags: 1 = cannot be read again (Sync), 2 = introduces a generation
//	 8  u64 salt of the segment
//	16  u64 sequence number of the first document
//	24  u32 count of documents
//	28  u32 length of the state
//	32  i64 earliest and
//	40  i64 latest time of the documents
//	48  u32 length of the index
//	52  u32 length of the body
//	56  u64 promise: the segment was synced up to this offset when the record was written
//	64  u32 CRC of the state
//	68  u32 CRC of the index
//	72  u32 CRC of the body
//	76  u16 which record of its cut this is, from 0
//	78  u16 count of records in the cut
//	80  reserved
//	92  u32 CRC of the 92 bytes before
//	96  state (entries as in a snapshot), index, body
//
// A cut is never spread over two segments. Its state counts only if all its records are whole.
//
// Cuts that were deferred are one cut on disk, as if one Append had brought it: their records, merged or not, the newest
// state of each key in the last of them. So a cursor may stand within a record.
//
// A cursor file has two slots of 4,096 bytes, written in place in turn; the valid one with the higher counter counts:
//
//	   0  u32 0x52435243 ("CRCR")
//	   4  u16 version, 1
//	   6  reserved
//	   8  u64 counter
//	  16  u32 length of the cursor
//	  20  the cursor as in a snapshot
//	4092  u32 CRC of the 4,092 bytes before
//
// A higher version is refused with ErrVersion and nothing in the folder is touched.
//
// # What is synced when
//
// A segment is written under a temporary name with its head and synced, renamed, and the folder synced, before
// anything is appended to it. Records are synced as Durability says. A cursor is saved only as far as the log is
// synced; the slot that was synced last is not overwritten before the other one is synced. Before a segment is
// removed, every cursor's place behind it is synced in both slots; after it, the folder, so that segments go strictly in order.
//
// A record that may be deferred (Record.Defer) has its numbers and is handed to cursors when Append returns, but waits
// in memory: it is written before the next sync, before a record that may not wait, when 64 KiB wait, or with the
// segment that takes over after a failure. Until it is synced it is like any other record that is not: its ticket is
// not done, no cursor is saved beyond it, and a crash loses it and its numbers, of which far fewer can wait than
// recovery skips.
//
// A failed sync is never repeated on the same file. A new segment ends the old one where it was last synced, and
// begins with all that was written since, under the same numbers. If the old one has no synced document, the new one
// has its name and takes its place. A failed write (a full disk) leaves torn bytes; the segment is ended before them.
//
// # Recovery
//
// Of a segment that no successor ends, the valid records count up to the first damage. If it is proven that the
// damaged bytes were synced once, they are a loss, counted by number, and what is behind them counts too. Proof is the
// promise of a later record, a cursor that stands beyond, or a newer segment. Damage without proof is where the last
// run was cut off. The end never splits a cut. What was found is synced, and then a new segment ends it, whose
// first number is 2^20 beyond the highest that anything in the folder names.
package buffer
