package expr

import "bytes"

// eachElement calls f for each element of a JSON array, or member of an
// object, until f returns false. in must be valid JSON; what is not stops the
// walk.
func eachElement(in []byte, f func(element []byte) bool) {
	in = bytes.TrimSpace(in)
	if len(in) < 2 || in[0] != '[' && in[0] != '{' {
		return
	}
	depth, start, quoted := 0, 1, false
	for i := 1; i < len(in); i++ {
		c := in[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ',' && depth == 0 || (c == ']' || c == '}') && depth == 0:
			if element := bytes.TrimSpace(in[start:i]); len(element) > 0 && !f(element) {
				return
			}
			if c != ',' {
				return
			}
			start = i + 1
		case c == ']' || c == '}':
			depth--
		}
	}
}

// countMembers is the number of elements of a JSON array or members of an
// object.
func countMembers(in []byte) int {
	n := 0
	eachElement(in, func([]byte) bool { n++; return true })
	return n
}
