package expr

import "strings"

// Nearest returns the one of known that name was most likely meant to be, or
// "" if none is near.
func Nearest(name string, known []string) string {
	best, limit := "", 1+len(name)/4
	limit = min(limit, 3)
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		if d := distance(name, k); d <= limit && (best == "" || d < distance(name, best)) {
			best = k
		}
	}
	return best
}

// DidYouMean is a sentence for the end of a message, with a space before it,
// or "" if nothing is near.
func DidYouMean(name string, known []string) string {
	near := Nearest(name, known)
	if near == "" {
		return ""
	}
	return ` Did you mean "` + near + `"?`
}

// distance is the number of edits (insert, delete, replace, swap neighbours)
// between two words.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	older, old, now := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(x); i++ {
		now[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			now[j] = min(old[j]+1, now[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				now[j] = min(now[j], older[j-2]+1)
			}
		}
		older, old, now = old, now, older
	}
	return old[len(y)]
}
