package jsonscan

// Rewriter changes a JSON value on its way. A nil function changes nothing.
type Rewriter struct {
	// Key appends the new inside of a key to dst, given the old one and the
	// number of its object, by which keys of the same object can be told from
	// those of others. Objects are numbered from 1 in the order in which they
	// begin.
	Key func(dst, key []byte, object int) []byte
	// Scalar appends what stands for a string, number, boolean or null, given
	// the key that it stands under, itself or in an array; nil is none.
	Scalar func(dst, key, scalar []byte) []byte
}

// Append appends a valid JSON value, changed and without white space.
func (r *Rewriter) Append(dst, value []byte) []byte {
	var open [MaxDepth + 1]level // the arrays and objects around, innermost last
	depth, objects := 0, 0
	expectKey := false
	for i := 0; i < len(value); {
		switch c := value[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
			continue
		case '{', '[':
			if depth == MaxDepth {
				return append(dst, value[i:]...)
			}
			depth++
			open[depth] = level{key: open[depth-1].key, keyEnd: open[depth-1].keyEnd}
			if expectKey = c == '{'; expectKey {
				objects++
				open[depth].object = objects
			}
		case '}', ']':
			depth = max(depth-1, 0)
			expectKey = false
		case ',':
			expectKey = open[depth].object != 0
		case ':':
		default:
			e := scalarEnd(value, i)
			if e < 0 {
				return append(dst, value[i:]...)
			}
			if expectKey {
				open[depth].key, open[depth].keyEnd = i+1, e-1
				dst = append(r.key(append(dst, '"'), value[i+1:e-1], open[depth].object), '"')
				expectKey = false
			} else {
				dst = r.scalar(dst, value[open[depth].key:open[depth].keyEnd], value[i:e])
			}
			i = e
			continue
		}
		dst = append(dst, value[i])
		i++
	}
	return dst
}

// level is an array, or an object with its number, and the latest key.
type level struct{ object, key, keyEnd int }

func (r *Rewriter) key(dst, key []byte, object int) []byte {
	if r.Key == nil {
		return append(dst, key...)
	}
	return r.Key(dst, key, object)
}

func (r *Rewriter) scalar(dst, key, scalar []byte) []byte {
	if r.Scalar == nil {
		return append(dst, scalar...)
	}
	return r.Scalar(dst, key, scalar)
}

// scalarEnd is the index behind the scalar at i, or -1.
func scalarEnd(b []byte, i int) int {
	if b[i] == '"' {
		e, _ := str(b, i+1)
		return e
	}
	e := i
	for e < len(b) && b[e] != ',' && b[e] != '}' && b[e] != ']' && b[e] > ' ' {
		e++
	}
	if e == i {
		return -1
	}
	return e
}
