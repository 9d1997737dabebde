package endpoints

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var errTest = errors.New("it is down")

func TestTheBreakersTransitions(t *testing.T) {
	r := rules{failures: 3, coolDown: time.Second, maxCoolDown: 8 * time.Second, handBack: 2}
	// Each step is what happens and the state after it: f(ailed), o(k),
	// t(hrottled), a lower-case letter for a try, a capital one for a trial; a
	// number is seconds that pass.
	tests := []struct{ name, steps string }{
		{"failures in a row open it", "f closed f closed f open"},
		{"a success between them starts the count again", "f closed f closed o closed f closed f closed f open"},
		{"a 429 is no failure and ends the row", "f closed f closed t closed f closed f closed f open"},
		{"what is cancelled says nothing", "f closed f closed c closed f open"},
		{"a good trial closes it", "f f f open 1 try half-open O closed"},
		{"a bad trial opens it again, for twice as long", "f f f open 1 try half-open F open 1 wait open 1 try half-open O closed"},
		{"a cancelled trial leaves it to the next", "f f f open 1 try half-open C open try half-open O closed"},
		{"a throttled trial is a good one: somebody answers", "f f f open 1 try half-open T closed"},
		{"late answers of earlier tries do not close it", "f f f open o open 1 try half-open o half-open F open"},
		{"late failures of earlier tries do not open it again", "f f f open 1 try half-open f half-open O closed"},
		{"after a trial all failures are needed again", "f f f open 1 try half-open O closed f closed f closed f open"},
		{"the cool-down has an end to its growth", "f f f open 1 try F 2 try F 4 try F 8 try F 8 try half-open"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
			e := &Endpoint{since: now}
			outcomes := map[string]Outcome{"f": Failed, "o": OK, "t": Throttled, "c": Cancelled}
			for i, step := range strings.Fields(tt.steps) {
				o, isOutcome := outcomes[strings.ToLower(step)]
				var seconds int
				switch _, err := fmt.Sscan(step, &seconds); {
				case isOutcome:
					e.note(now, r, o, errTest, step != strings.ToLower(step), 1)
				case err == nil:
					now = now.Add(time.Duration(seconds) * time.Second)
				case step == "wait":
					if e.due(now) {
						t.Errorf("step %d: it can be tried, want a longer wait", i)
					}
				case step == "try":
					if !e.due(now) {
						t.Fatalf("step %d: it cannot be tried", i)
					}
					e.tryOut(now)
				case e.state.String() != step:
					t.Errorf("step %d: got %v, want %s", i, e.state, step)
				}
			}
		})
	}
}

func TestOneThatComesAndGoesWaitsLongerEachTime(t *testing.T) {
	r := rules{failures: 1, coolDown: time.Second, maxCoolDown: 15 * time.Second, handBack: 3}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	e := &Endpoint{since: now}
	opened := 0
	for range 600 { // ten minutes, in which it fails one second after it is back
		now = now.Add(time.Second)
		switch {
		case e.state == Closed:
			e.note(now, r, Failed, errTest, false, 1)
			opened++
		case e.due(now):
			e.tryOut(now)
			e.note(now, r, OK, nil, true, 1)
		}
	}
	if opened > 45 {
		t.Errorf("got opened %d times in ten minutes, want cool-downs that grow", opened)
	}
	now = now.Add(time.Hour)
	e.close(now.Add(-time.Hour))
	e.note(now, r, Failed, errTest, false, 1)
	if e.coolDown != time.Second {
		t.Errorf("after an hour that went well: got a cool-down of %v, want the first one", e.coolDown)
	}
}
