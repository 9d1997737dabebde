package http

import (
	"errors"
	"fmt"
	nethttp "net/http"
	"strconv"
	"strings"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/httpsend"
)

// verdict is what a status means.
type verdict uint8

// The verdicts.
const (
	success verdict = iota
	retry
	throttled
	tooLarge
	poison
	needsPerson
)

// judge knows what each status means.
type judge struct{ verdicts [600]verdict } // by status; immutable

// newJudge makes a judge of the defaults and of what s says otherwise.
func newJudge(s *Statuses) (*judge, error) {
	j := &judge{}
	for status := range j.verdicts {
		j.verdicts[status] = usual(status)
	}
	if s == nil {
		return j, nil
	}
	rules, err := s.rules()
	if err != nil {
		return nil, err
	}
	for status := 100; status < len(j.verdicts); status++ {
		width := len(j.verdicts) // of the narrowest rule so far
		for _, r := range rules {
			if status < r.first || status > r.last || r.width() > width {
				continue
			}
			if r.width() == width && r.verdict != j.verdicts[status] {
				return nil, fmt.Errorf("%d is in two lists", status)
			}
			width, j.verdicts[status] = r.width(), r.verdict
		}
	}
	return j, nil
}

// of returns what a status means.
func (j *judge) of(status int) verdict {
	if status < 100 || status >= len(j.verdicts) {
		return retry // no status at all
	}
	return j.verdicts[status]
}

// outcome is what an answer says of its endpoint. What the status means for
// the documents says nothing of it, unless it is that of a gateway.
func (j *judge) outcome(answer *nethttp.Response) endpoints.Outcome {
	switch v := j.of(answer.StatusCode); {
	case v == throttled:
		return endpoints.Throttled
	case v == retry && answer.StatusCode >= nethttp.StatusBadGateway && answer.StatusCode <= nethttp.StatusGatewayTimeout:
		return endpoints.Failed
	}
	return endpoints.OK
}

// usual is what a status means where the config does not say otherwise.
func usual(status int) verdict {
	switch httpsend.ClassOf(status) {
	case httpsend.Taken:
		return success
	case httpsend.Throttle:
		return throttled
	case httpsend.Large:
		return tooLarge
	case httpsend.Again:
		return retry
	}
	return needsPerson
}

// rule is statuses from first to last.
type rule struct {
	first, last int
	verdict     verdict
}

func (r rule) width() int { return r.last - r.first + 1 }

func (s *Statuses) rules() ([]rule, error) {
	var rules []rule
	for _, list := range []struct {
		verdict verdict
		texts   []string
	}{
		{success, s.Success}, {retry, s.Retry}, {throttled, s.Throttled},
		{tooLarge, s.TooLarge}, {poison, s.Poison}, {needsPerson, s.Config},
	} {
		for _, text := range list.texts {
			r, err := parseStatuses(text)
			if err != nil {
				return nil, fmt.Errorf("%q is %w", text, err)
			}
			r.verdict = list.verdict
			rules = append(rules, r)
		}
	}
	return rules, nil
}

var errStatus = errors.New(`no status: write "404", "500-599" or "5xx"`)

// parseStatuses reads "404", "500-599" or "5xx".
func parseStatuses(text string) (rule, error) {
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") && text[0] >= '1' && text[0] <= '5' {
		first := int(text[0]-'0') * 100
		return rule{first: first, last: first + 99}, nil
	}
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		to = from
	}
	first, err := strconv.Atoi(strings.TrimSpace(from))
	last, err2 := strconv.Atoi(strings.TrimSpace(to))
	if err != nil || err2 != nil || first < 100 || last > 599 || first > last {
		return rule{}, errStatus
	}
	return rule{first: first, last: last}, nil
}
