package framing

// line is a line of the source, or a piece of one.
type line struct {
	text  []byte // as in the source, without byte order mark and line end
	size  int    // bytes of the source, line end included; 0 if there is no line yet
	whole bool   // its end came
	cut   bool   // it is longer than allowed, and this is a piece of it
}

// line finds the first line of data.
func (f *Framer) line(enc encoding, data []byte, tail Tail) line {
	unit := enc.unit()
	limit := f.maxLine + 2*unit // the longest line, CR, LF
	if end := enc.indexEOL(data[:min(len(data), limit)]); end >= 0 {
		if text := enc.trimCR(data[:end]); len(text) <= f.maxLine {
			return line{text: enc.trimMark(text), size: end + unit, whole: true}
		}
	} else if len(data) < limit {
		if tail != Ended {
			return line{}
		}
		if len(data) <= f.maxLine {
			return line{text: enc.trimMark(data), size: len(data)}
		}
	}
	size := enc.boundary(data, f.maxLine)
	return line{text: enc.trimMark(data[:size]), size: size, cut: true}
}

// join finds how many bytes and lines of data belong to the record that begins with line first, whose decoded text is
// given. It returns the last of them, or held if it takes more bytes to know.
func (f *Framer) join(enc encoding, first line, text, data []byte, tail Tail) (size, lines int, last line, held bool) {
	size, lines, last = first.size, 1, first
	state := f.rule.lines.first(text)
	for state != closed && lines < f.rule.MaxLines && last.whole {
		rest := data[size:]
		if enc.leadingNULs(rest) > 0 { // a hole ends a record
			break
		}
		l := f.line(enc, rest, tail)
		if l.size == 0 {
			if size+len(rest) > f.rule.MaxBytes {
				break
			}
			if tail == Open {
				f.wait = f.rule.wait(state)
				return 0, 0, line{}, true
			}
			break
		}
		if size+l.size > f.rule.MaxBytes {
			break
		}
		next, belongs := f.rule.lines.next(state, f.text(enc, l.text))
		if !belongs {
			break
		}
		state, last = next, l
		size += l.size
		lines++
	}
	return size, lines, last, false
}

// joinedText is the text of a record of several lines: where it stands if it can be taken as it is, else a copy.
func (f *Framer) joinedText(enc encoding, data []byte) []byte {
	if text, ok := enc.plainLines(data); ok {
		return text
	}
	f.joined = f.joined[:0]
	for n := 0; n < len(data); {
		l := f.line(enc, data[n:], Ended)
		if n > 0 {
			f.joined = append(f.joined, '\n')
		}
		f.joined = enc.appendText(f.joined, l.text)
		n += l.size
	}
	return f.joined
}
