package enrich

import "bytes"

// matches says whether text has anything to redact.
func (r *Redactor) matches(text []byte) bool {
	if !r.suspect(text) {
		return false
	}
	c := cursor{r: r, text: text}
	_, end := c.next(0)
	return end > 0
}

// appendRedacted appends text with the mask for each match. A mask ends what
// stood before it, so that what is left can be a match now: digits that were
// part of a longer run are a card's. It is looked at again until nothing is found.
func (r *Redactor) appendRedacted(dst, text []byte) []byte {
	start := len(dst)
	dst = r.appendOnce(dst, text)
	for range maxPasses {
		if !r.matches(dst[start:]) {
			break
		}
		dst = append(dst[:start], r.appendOnce(nil, dst[start:])...)
	}
	return dst
}

// maxPasses bounds how often a text is looked at again.
const maxPasses = 8

func (r *Redactor) appendOnce(dst, text []byte) []byte {
	c := cursor{r: r, text: text}
	for at := 0; ; {
		start, end := c.next(at)
		if end == 0 {
			return append(dst, text[at:]...)
		}
		dst = append(append(dst, text[at:start]...), mask...)
		at = end
	}
}

// cursor goes through the matches of a text. It keeps the next one of each
// pattern, so that one that is far away, or not there, is looked for once.
type cursor struct {
	r     *Redactor
	text  []byte
	found [4]struct {
		start, end int  // end is 0 if there is none
		looked     bool // it was looked for
	}
}

// finders are the patterns, each with what finds it.
var finders = [4]struct {
	kind kinds
	find func(text []byte, from int) (start, end int)
}{{email, nextEmail}, {card, nextCard}, {bearer, nextBearer}, {password, nextPassword}}

// next finds the first match at or behind from: of two that begin at the same
// place the longer. end is 0 if there is none.
func (c *cursor) next(from int) (start, end int) {
	for k := range finders {
		if c.r.kinds&finders[k].kind == 0 {
			continue
		}
		f := &c.found[k]
		if !f.looked || f.end > 0 && f.start < from {
			f.looked = true
			f.start, f.end = finders[k].find(c.text, from)
		}
		if f.end > 0 && (end == 0 || f.start < start || f.start == start && f.end > end) {
			start, end = f.start, f.end
		}
	}
	return start, end
}

// The characters of the parts of an address.
func inLocal(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c-'0' <= 9 || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c >= 0x80
}

func inDomain(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c-'0' <= 9 || c == '.' || c == '-' || c >= 0x80
}

// nextEmail finds name@host.tld.
func nextEmail(text []byte, from int) (start, end int) {
	for at := from; ; at++ {
		n := bytes.IndexByte(text[at:], '@')
		if n < 0 {
			return 0, 0
		}
		at += n
		start, end = at, at+1
		for start > from && inLocal(text[start-1]) {
			start--
		}
		for end < len(text) && inDomain(text[end]) {
			end++
		}
		for end > at+1 && (text[end-1] == '.' || text[end-1] == '-') {
			end--
		}
		dot := bytes.LastIndexByte(text[at+1:end], '.')
		if start < at && dot > 0 && end-(at+1+dot) > 2 {
			return start, end
		}
	}
}

// isBearer says whether the word stands at i, in any case.
func isBearer(text []byte, i int) bool {
	const word = "bearer"
	if i+len(word) > len(text) {
		return false
	}
	for k := range len(word) {
		if text[i+k]|0x20 != word[k] {
			return false
		}
	}
	return true
}

// nextBearer finds the token behind the word.
func nextBearer(text []byte, from int) (start, end int) {
	for at := from; at < len(text); at++ {
		n := indexFold(text[at:], 'b')
		if n < 0 {
			return 0, 0
		}
		if at += n; !isBearer(text, at) {
			continue
		}
		word := at + len("bearer")
		start = skip(text, word, " :\t")
		for end = start; end < len(text) && inToken(text[end]); end++ {
		}
		if start > word && end-start >= 8 {
			return start, end
		}
	}
	return 0, 0
}

func inToken(c byte) bool {
	return inLocal(c) && c < 0x80 && c != '%' || c == '~' || c == '/' || c == '='
}

// isPassword says whether a key, or the last segment of one, names a password.
func isPassword(key []byte) bool {
	for at := 0; at+6 <= len(key); at++ {
		if e := passwordWord(key, at); e > 0 {
			return true
		}
	}
	return false
}

// passwordWord is the index behind the word password, passwd or passwort at
// i, in any case, or 0.
func passwordWord(b []byte, i int) int {
	for _, word := range [...]string{"password", "passwd", "passwort"} {
		if i+len(word) > len(b) {
			continue
		}
		k := 0
		for k < len(word) && b[i+k]|0x20 == word[k] {
			k++
		}
		if k == len(word) {
			return i + k
		}
	}
	return 0
}

// nextPassword finds the value behind a key that names a password:
// password=x, DB_PASSWORD: "x", 'password' => 'x'.
func nextPassword(text []byte, from int) (start, end int) {
	for at := from; at+6 < len(text); at++ {
		n := indexFold(text[at:], 'p')
		if n < 0 {
			return 0, 0
		}
		at += n
		e := passwordWord(text, at)
		if e == 0 {
			continue
		}
		if start, end = passwordValue(text, e); end > start {
			return start, end
		}
	}
	return 0, 0
}

// indexFold is the index of a letter in either case, or -1.
func indexFold(text []byte, lower byte) int {
	for i, c := range text {
		if c|0x20 == lower {
			return i
		}
	}
	return -1
}

// passwordValue finds the value behind the word that ends at i: the rest of
// the key, a sign, and the value in quotes or up to a space or a delimiter.
func passwordValue(text []byte, i int) (start, end int) {
	const longest = 32 // of the rest of a key; without a bound, a text of such words alone would take for ever
	for word := i; i < len(text) && i-word < longest && (text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z' || text[i]-'0' <= 9 || text[i] == '_'); {
		i++
	}
	i = skip(text, i, `"'\] `)
	sign := i
	i = skip(text, i, `=:>`)
	if i == sign {
		return 0, 0
	}
	i = skip(text, i, ` \`)
	if i == len(text) {
		return 0, 0
	}
	if q := text[i]; q == '"' || q == '\'' {
		start = i + 1
		for end = start; end < len(text) && (text[end] != q || escaped(text, end) && !escapedQuote(text, i)); end++ {
		}
		if end > start && end < len(text) && text[end-1] == '\\' {
			end--
		}
		return start, end
	}
	start = i
	for end = i; end < len(text) && text[end] > ' ' && bytes.IndexByte([]byte(`"'&,;)}]<`), text[end]) < 0; end++ {
	}
	if bytes.HasPrefix(text[start:], []byte(mask)) {
		return 0, 0
	}
	return start, end
}

// escapedQuote says whether the quote at i has a backslash itself, as in JSON
// within a string.
func escapedQuote(text []byte, i int) bool { return i > 0 && text[i-1] == '\\' }

// skip is the index of the first byte at or behind i that is not in set.
func skip(text []byte, i int, set string) int {
	for i < len(text) {
		if bytes.IndexByte([]byte(set), text[i]) < 0 {
			break
		}
		i++
	}
	return i
}
