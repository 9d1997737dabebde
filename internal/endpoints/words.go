package endpoints

import (
	"strconv"
	"strings"
)

// capital is text with a capital letter.
func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// lastPart is a setting's name without the blocks around it.
func lastPart(attr string) string {
	attr, _, _ = strings.Cut(attr, "[")
	return attr[strings.LastIndexByte(attr, '.')+1:]
}

// quotedList is words to choose from, in quotes.
func quotedList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
