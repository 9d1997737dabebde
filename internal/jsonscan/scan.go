package jsonscan

// scan is the state of one validation. All its methods take an index into b
// and return the index behind what they read, or -1.
type scan struct {
	members int   // members of objects seen so far
	err     Error // why -1 was returned, if not NotJSON
	marks   Marks // of the value being read
}

func (s *scan) reason() Error {
	if s.err != NoError {
		return s.err
	}
	return NotJSON
}

// value reads the value at i; depth is the level of an object or array there.
func (s *scan) value(b []byte, i, depth int) int {
	if i >= len(b) {
		return -1
	}
	switch c := b[i]; c {
	case '"':
		e, m := str(b, i+1)
		s.marks |= m
		return e
	case '{':
		return s.object(b, i+1, depth)
	case '[':
		return s.array(b, i+1, depth)
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	}
	return number(b, i)
}

// object reads a nested object from behind its brace.
func (s *scan) object(b []byte, i, depth int) int {
	if depth > MaxDepth {
		s.err = TooDeep
		return -1
	}
	i = s.skip(b, i)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	var seen [4]uint64 // a filter of the keys so far
	for {
		if i >= len(b) || b[i] != '"' {
			return -1
		}
		e, m := str(b, i+1)
		if e < 0 {
			return -1
		}
		if s.members++; s.members > MaxFields {
			s.err = TooManyFields
			return -1
		}
		s.key(&seen, b[i+1:e-1], m)
		if i = s.colon(b, e); i < 0 {
			return -1
		}
		if i = s.value(b, i, depth+1); i < 0 {
			return -1
		}
		i = s.skip(b, i)
		if i >= len(b) {
			return -1
		}
		if b[i] == '}' {
			return i + 1
		}
		if b[i] != ',' {
			return -1
		}
		i = s.skip(b, i+1)
	}
}

// key notes what may be wrong with the key of a nested object.
func (s *scan) key(seen *[4]uint64, key []byte, m Marks) {
	s.marks |= m & NonASCII
	if m&Escaped != 0 || len(key) == 0 {
		s.marks |= Doubtful
		return
	}
	var h uint32
	printable := false
	for _, c := range key {
		h = h*31 + uint32(c)
		printable = printable || c > ' '
		if c == '.' {
			s.marks |= Doubtful
		}
	}
	h *= 0x9E3779B1
	word, bit := h>>30, uint64(1)<<(h>>24&63)
	if seen[word]&bit != 0 || !printable {
		s.marks |= Doubtful
	}
	seen[word] |= bit
}

// array reads an array from behind its bracket.
func (s *scan) array(b []byte, i, depth int) int {
	if depth > MaxDepth {
		s.err = TooDeep
		return -1
	}
	i = s.skip(b, i)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = s.value(b, i, depth+1); i < 0 {
			return -1
		}
		i = s.skip(b, i)
		if i >= len(b) {
			return -1
		}
		if b[i] == ']' {
			return i + 1
		}
		if b[i] != ',' {
			return -1
		}
		i = s.skip(b, i+1)
	}
}

// colon reads the colon between key and value and the white space around it.
func (s *scan) colon(b []byte, i int) int {
	i = s.skip(b, i)
	if i >= len(b) || b[i] != ':' {
		return -1
	}
	return s.skip(b, i+1)
}

// skip reads white space and marks it.
func (s *scan) skip(b []byte, i int) int {
	if i < len(b) && b[i] <= ' ' {
		var m Marks
		i, m = space(b, i)
		s.marks |= m
	}
	return i
}

// space reads white space.
func space(b []byte, i int) (int, Marks) {
	var m Marks
	for ; i < len(b); i++ {
		switch b[i] {
		case ' ', '\t':
			m |= Spaced
		case '\n', '\r':
			m |= Spaced | Lines
		default:
			return i, m
		}
	}
	return i, m
}

func literal(b []byte, i int, word string) int {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word)
	}
	return -1
}

// number reads a number of JSON's grammar.
func number(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	first := i
	if i = digits(b, i); i == first || (b[first] == '0' && i > first+1) {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		first = i + 1
		if i = digits(b, first); i == first {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first = i
		if i = digits(b, first); i == first {
			return -1
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}
