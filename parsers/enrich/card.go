package enrich

// The digits of a card's number.
const (
	minCard = 13
	maxCard = 19
)

// nextCard finds a card's number: 13 to 19 digits, single spaces or dashes
// between them allowed, of an issuer's range and with a valid check digit,
// that is not part of a longer number or word.
func nextCard(text []byte, from int) (start, end int) {
	for at := from; at < len(text); {
		if text[at]-'0' > 9 {
			at++
			continue
		}
		var digits [maxCard]byte
		n, last := 0, at
		i := at
		for ; i < len(text); i++ {
			c := text[i]
			if c-'0' <= 9 {
				if n < maxCard {
					digits[n] = c - '0'
				}
				n++
				last = i + 1
				continue
			}
			if (c == ' ' || c == '-') && i == last && i+1 < len(text) && text[i+1]-'0' <= 9 {
				continue
			}
			break
		}
		if at > 0 && isWord(text[at-1]) || last < len(text) && isWord(text[last]) {
			at = last
			continue
		}
		if s, e := cardIn(text, at, last, digits[:min(n, maxCard)], n); e > 0 {
			return s, e
		}
		at = last
	}
	return 0, 0
}

// cardIn looks for a card in a run of digits. The run is one, or begins or
// ends with one in groups: "order 12 4111 1111 1111 1111".
func cardIn(text []byte, start, end int, digits []byte, n int) (int, int) {
	if n >= minCard && n <= maxCard && isCard(digits) {
		return start, end
	}
	for at := start; at < end; at++ { // from each group on
		if at > start && text[at-1]-'0' <= 9 || text[at]-'0' > 9 {
			continue
		}
		var some [maxCard]byte
		k := 0
		for i := at; i < end && k < maxCard; i++ {
			if text[i]-'0' > 9 {
				continue
			}
			some[k] = text[i] - '0'
			k++
			whole := i+1 == end || text[i+1]-'0' > 9
			if whole && k >= minCard && isCard(some[:k]) {
				return at, i + 1
			}
		}
	}
	return 0, 0
}

func isWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c-'0' <= 9 || c == '_' || c >= 0x80
}

// isCard says whether digits are of an issuer's range, of its length, and
// pass Luhn's check.
func isCard(digits []byte) bool {
	if !issued(digits) {
		return false
	}
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i])
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// issued knows the ranges and lengths of Visa, Mastercard, American Express,
// Diners Club, Discover, JCB, UnionPay and Maestro.
func issued(d []byte) bool {
	n := len(d)
	two := int(d[0])*10 + int(d[1])
	four := two*100 + int(d[2])*10 + int(d[3])
	switch {
	case d[0] == 4:
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return n == 16
	case two == 34 || two == 37:
		return n == 15
	case two == 36 || two == 38 || two == 39 || two == 30:
		return n >= 14
	case four >= 3528 && four <= 3589:
		return n >= 16
	case two == 62 || two == 60 || two == 64 || two == 65:
		return n >= 16
	case two == 50 || two >= 56 && two <= 69:
		return true
	}
	return false
}
