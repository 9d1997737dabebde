package jsonscan

// Get returns the JSON value at a dotted path of the object doc, which must be
// valid JSON. A key that contains dots and nested objects both match; where
// several do, the longest key wins, and of equal keys the first. value is a
// subslice of doc with doc's capacity, so that its place can be told.
func Get(doc []byte, path string) (value []byte, ok bool) {
	best := -1 // length of the key by which value was found
	Each(doc, func(key, v []byte) bool {
		n := matched(key, path)
		if n < 0 || n <= best {
			return true
		}
		if n == len(path) {
			value, ok = v, true
			return false
		}
		if v[0] == '{' {
			if inner, found := Get(v, path[n+1:]); found {
				value, ok, best = inner, true, n
			}
		}
		return true
	})
	return value, ok
}

// matched returns how much of path the key, the inside of a JSON string,
// covers: all of it, or up to a dot; -1 if it covers none.
func matched(key []byte, path string) int {
	n := 0
	for i := 0; i < len(key); {
		if key[i] != '\\' || i+1 == len(key) {
			if n == len(path) || key[i] != path[n] {
				return -1
			}
			i++
			n++
			continue
		}
		var r rune
		r, i = unescape(key, i+1)
		text := string(r) // stays on the stack
		if len(path)-n < len(text) || path[n:n+len(text)] != text {
			return -1
		}
		n += len(text)
	}
	if n < len(path) && path[n] != '.' {
		return -1
	}
	return n
}

// Each calls f with the members of a valid JSON object in their order until f
// returns false: the key as the inside of a JSON string, the value as it
// stands, both subslices of object. It reports whether it saw all.
func Each(object []byte, f func(key, value []byte) bool) bool {
	i, _ := space(object, 0)
	if i >= len(object) || object[i] != '{' {
		return false
	}
	i, _ = space(object, i+1)
	for i < len(object) && object[i] == '"' {
		var s scan
		key := i + 1
		e, _ := str(object, key)
		if e < 0 {
			return false
		}
		if i = s.colon(object, e); i < 0 {
			return false
		}
		val := i
		if i = s.value(object, i, 1); i < 0 {
			return false
		}
		if !f(object[key:e-1], object[val:i]) {
			return false
		}
		i, _ = space(object, i)
		if i >= len(object) || object[i] != ',' {
			break
		}
		i, _ = space(object, i+1)
	}
	return i < len(object) && object[i] == '}'
}
