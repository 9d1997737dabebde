package cloudwatch

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestDaysAreRoundedUp(t *testing.T) {
	tests := []struct {
		keep time.Duration
		want int32
	}{
		{0, 0}, {time.Hour, 1}, {day, 1}, {day + 1, 3}, {3 * day, 3}, {21 * day, 30}, {30 * day, 30}, {365 * day, 365}, {366 * day, 400}, {400 * day, 400}, {3653 * day, 3653}, {3654 * day, 0},
	}
	for _, tt := range tests {
		if got := daysFor(tt.keep); got != tt.want {
			t.Errorf("%v: got %d days, want %d", tt.keep, got, tt.want)
		}
	}
}

// plan is the plan without what is as it should be.
func plan(t *testing.T, b *bench) []outputs.RetentionChange {
	t.Helper()
	changes, err := b.PlanRetention(t.Context())
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return slices.DeleteFunc(changes, func(c outputs.RetentionChange) bool { return c.Action == outputs.KeepRetention })
}

func TestPlannedRetention(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Make("/sluice/a/audit", 400)
	b.sim.Make("/sluice/b/audit", 30)
	b.sim.Make("/sluice/c/debug", 0)
	b.sim.Make("/sluice/d/debug", 7)
	b.sim.Make("/sluice/e/standard", 90)
	b.sim.Make("/sluice/deep/er/standard", 1) // not ours: a service has no slash
	b.sim.Make("/sluice/f/other", 1)
	b.sim.Make("/other/g/audit", 1)
	b.sim.Make("/sluice/long/audit", 30)
	b.sim.SetPolicies(cwsim.AccountPolicy{Name: "all-30", Prefix: "/sluice/long", Days: 30}, cwsim.AccountPolicy{Name: "right", Prefix: "/sluice/b", Days: 400})
	whole, err := b.PlanRetention(t.Context())
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if got := len(whole); got != 6 {
		t.Errorf("got %d groups, want 6: two are as they should be", got)
	}
	got := plan(t, b)
	want := []outputs.RetentionChange{
		{Action: outputs.WarnRetention, Class: "audit", Kind: kindGroup, Name: "/sluice/long/audit", Have: 30 * day, Want: 400 * day, Warning: "the account's retention policy all-30 decides, whatever the group says of itself"},
		{Action: outputs.ShortenRetention, Class: "debug", Kind: kindGroup, Name: "/sluice/c/debug", Have: 0, Want: 3 * day},
		{Action: outputs.ShortenRetention, Class: "debug", Kind: kindGroup, Name: "/sluice/d/debug", Have: 7 * day, Want: 3 * day},
		{Action: outputs.ShortenRetention, Class: "standard", Kind: kindGroup, Name: "/sluice/e/standard", Have: 90 * day, Want: 30 * day},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("plan (-got +want):\n%s", diff)
	}
}

func TestMoreGroupsThanAPageHas(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	for i := range 120 {
		b.sim.Make("/sluice/s"+strings.Repeat("x", i)+"/audit", 30)
	}
	if got := len(plan(t, b)); got != 120 {
		t.Errorf("got %d changes, want 120", got)
	}
}

func TestRetentionIsApplied(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(_ *Config, s *cwsim.Options) {})
	b.classes = append(b.classes, outputs.Class{Name: "forever"}, outputs.Class{Name: "ages", Keep: 5000 * day})
	b.sim.Make("/sluice/a/audit", 30)
	b.sim.Make("/sluice/b/forever", 30)
	b.sim.Make("/sluice/c/ages", 30)
	b.sim.Make("/sluice/d/debug", 7)
	changes := plan(t, b)
	if err := b.ApplyRetention(t.Context(), changes); err == nil || !strings.Contains(err.Error(), "--shorten debug") {
		t.Errorf("unconfirmed: got %v, want a refusal to shorten", err)
	}
	for i := range changes {
		changes[i].Confirmed = changes[i].Action == outputs.ShortenRetention
	}
	changes = plan(t, b)
	for i := range changes {
		changes[i].Confirmed = true
	}
	if err := b.ApplyRetention(t.Context(), changes); err != nil {
		t.Fatalf("apply: %v", err)
	}
	for name, want := range map[string]int{"/sluice/a/audit": 400, "/sluice/b/forever": 0, "/sluice/c/ages": 0, "/sluice/d/debug": 3} {
		if got := b.sim.Groups()[name].Days; got != want {
			t.Errorf("%s keeps for %d days, want %d", name, got, want)
		}
	}
	if again := plan(t, b); len(again) != 0 {
		t.Errorf("the plan afterwards: got %+v, want none", again)
	}
	if err := b.ApplyRetention(t.Context(), nil); err != nil {
		t.Errorf("apply nothing: %v", err)
	}
	if err := b.ApplyRetention(t.Context(), changes); err == nil || !strings.Contains(err.Error(), "plan again") {
		t.Errorf("an old plan: got %v, want a refusal", err)
	}
}

func TestAppliedRetentionIsReadBack(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Make("/sluice/a/audit", 30)
	changes := plan(t, b)
	b.sim.Next("PutRetentionPolicy", cwsim.Fault{Before: func(string) {
		b.sim.SetPolicies(cwsim.AccountPolicy{Name: "all", Days: 30})
	}})
	if err := b.ApplyRetention(t.Context(), changes); err == nil || !strings.Contains(err.Error(), "it is not 400 days") {
		t.Errorf("got %v, want the news that the service keeps otherwise", err)
	}
}

func TestPatternsOfGroups(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"/sluice/*/audit", "/sluice/a-b.c/audit", true},
		{"/sluice/*/audit", "/sluice/a/b/audit", false},
		{"/sluice/*/audit", "/sluice/a/debug", false},
		{"/sluice/*/audit", "/sluice/a/audit2", false},
		{"/rh/audit", "/rh/audit", true},
		{"/rh/*-*/x", "/rh/a-b-c/x", true},
		{"/rh/*", "/rh/", true},
	}
	for _, tt := range tests {
		if got := matches(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%s, %s: got %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}
