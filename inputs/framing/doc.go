// Package framing cuts the bytes of a source into records.
//
// A [Framer] is made once for a goroutine from the settings of an input and used for all its sources; what it must
// remember of one source between two calls is a [Place] of a few bytes. It keeps no bytes of the source: the caller
// holds what has not been taken and shows it again, from its first byte, with more behind it:
//
//	var place framing.Place // zero at the start of a source; stored and restored with its position
//	for {
//		rec, n := framer.Next(&place, data[at:], base+int64(at), framing.Open)
//		at += n
//		if rec.Size == 0 {
//			break // data[at:] is held: show it again when more has come, or with Quiet or Ended
//		}
//		row := batch.AddLine(rec.Text, rec.Pos, rec.Size) // Text is valid until the next call
//		row.Flags, row.Error = rec.Flags, rec.Error
//	}
//	// base+at is the source's new position: every byte before it is in a record, counted in framer.Stats or between records
//
// A caller that can hold [Framer.Need] bytes never gets stuck: with so many, Next always takes some.
//
// # What is held
//
// With [Open], a line without its end and a record that the next line may continue are held. [Framer.Wait] says how long
// after the source's last byte they should be; then the caller asks once more with [Quiet], which ends a record
// behind its last whole line, or, when the source has ended, with [Ended], which takes everything.
//
// # Where records end
//
// Cuts depend on the bytes alone and never on how they were read, as long as nothing is flushed: the same source read
// again from any record's first byte gives the same records with the same Pos and Size, which are their ids.
//
//   - A line ends at LF; one CR before it is not part of its text. A lone CR is text.
//   - A line longer than MaxLine is cut after MaxLine bytes, or a little before, so that no character is torn. Split gives
//     pieces: all but the last are flagged Partial, all but the first Continued. Truncate gives the first piece, flagged
//     Truncated, and counts the rest of the line as dropped.
//   - NUL bytes where a line should begin are a hole that a truncation left: they are passed over and counted.
//   - Empty lines between records are no records. Inside of one they are kept.
//   - A byte order mark at a line's start is not part of its text.
//   - A joined record ends before a line that would make it larger than the rule's MaxLines or MaxBytes, and behind a
//     piece of a cut line.
//
// Offsets and sizes always count bytes of the source, whatever its encoding.
package framing
