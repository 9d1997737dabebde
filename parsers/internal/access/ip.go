package access

// isIP says whether a client's name is an address. A destination refuses an
// address field that holds anything else.
func isIP(b []byte) bool {
	if len(b) > 45 {
		return false
	}
	part, parts, n := 0, 1, 0 // the number being read, how many began, its digits
	for _, c := range b {
		switch {
		case c-'0' <= 9 && n < 3 && (n == 0 || part > 0):
			part = part*10 + int(c-'0')
			n++
		case c == '.' && n > 0 && part < 256:
			part, n = 0, 0
			parts++
		case c == ':' && parts == 1, c|0x20 >= 'a' && c|0x20 <= 'f' && parts == 1, c-'0' <= 9 && parts == 1:
			return isIP6(b)
		default:
			return false
		}
	}
	return parts == 4 && n > 0 && part < 256
}

// isIP6 takes no zone: it means nothing elsewhere; and no IPv4 at the end.
func isIP6(b []byte) bool {
	groups, n, gap := 0, 0, false
	for i := 0; i < len(b); i++ {
		if b[i] != ':' {
			if n++; n > 4 || hexDigit(b, i) < 0 {
				return false
			}
			if n == 1 {
				groups++
			}
			continue
		}
		double := i+1 < len(b) && b[i+1] == ':'
		switch {
		case double && (gap || i+2 < len(b) && b[i+2] == ':'), !double && (i == 0 || i+1 == len(b)):
			return false
		case double:
			gap = true
			i++
		}
		n = 0
	}
	return groups == 8 && !gap || groups < 8 && gap
}
