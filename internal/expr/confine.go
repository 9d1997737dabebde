package expr

// Confine appends value as a part of a name: an index, a topic, a path. What
// comes from an event is never trusted there: a byte that is not allowed
// becomes its lower-case form if that is allowed, else '_', and at most max
// bytes are taken. A dot is never the first byte, so that no value is "..".
func Confine(dst, value []byte, allowed func(byte) bool, max int) []byte {
	for i, c := range value[:min(len(value), max)] {
		switch {
		case i == 0 && c == '.':
			c = '_'
		case allowed(c):
		case 'A' <= c && c <= 'Z' && allowed(c|0x20):
			c |= 0x20
		default:
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}
