package kafka

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

const kindTopic = "topic"

// archiveTime is from when on a class is kept so long that Kafka alone should
// not have it.
const archiveTime = 90 * 24 * time.Hour

// wish is a topic and how long it should keep.
type wish struct {
	name  string
	class string
	keep  time.Duration
}

// PlanRetention implements outputs.Retainer. It reads back what each topic
// really has, which may be the brokers' default.
func (o *Output) PlanRetention(ctx context.Context) ([]outputs.RetentionChange, error) {
	there, err := o.listTopics(ctx)
	if err != nil {
		return nil, err
	}
	var plan []outputs.RetentionChange
	for _, c := range o.classes {
		if c.Keep == 0 || c.Keep >= archiveTime {
			plan = append(plan, outputs.RetentionChange{
				Action: outputs.WarnRetention, Class: c.Name, Kind: "retention class", Name: c.Name, Have: c.Keep, Want: c.Keep,
				Warning: "Kafka is a buffer, not an archive: let another output have this class too",
			})
		}
	}
	for _, w := range o.wishes(there) {
		if !there[w.name] {
			if o.config.CreateTopics {
				plan = append(plan, outputs.RetentionChange{Action: outputs.CreateRetention, Class: w.class, Kind: kindTopic, Name: w.name, Want: w.keep})
			}
			continue
		}
		have, err := o.readTopic(ctx, w.name)
		if err != nil {
			return nil, err
		}
		plan = append(plan, o.planTopic(w, have))
	}
	return plan, nil
}

// listTopics are the names of all topics that we may see.
func (o *Output) listTopics(ctx context.Context) (map[string]bool, error) {
	answer, err := o.cluster.askAny(ctx, &metadata.Request{}) // no names: all
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", o.broken(err))
	}
	m, ok := answer.(*metadata.Response)
	if !ok {
		return nil, fmt.Errorf("list topics: %w", errAnswerBroken)
	}
	o.cluster.layout.Store(readLayout(m, o.now())) // the controller is among it
	there := map[string]bool{}
	for _, t := range m.Topics {
		if t.ErrorCode == 0 && !t.IsInternal {
			there[t.Name] = true
		}
	}
	return there, nil
}

// wishes are the topics of each class: those that the config names, and those
// there that events have named. A topic of several classes is kept for as long
// as the longest.
func (o *Output) wishes(there map[string]bool) []wish {
	var list []wish
	add := func(w wish) {
		at := slices.IndexFunc(list, func(have wish) bool { return have.name == w.name })
		if at < 0 {
			list = append(list, w)
		} else if have := &list[at]; have.keep != 0 && (w.keep == 0 || w.keep > have.keep) {
			*have = w
		}
	}
	for _, c := range o.classes {
		if t := o.names.byClass[c.Name]; t != nil {
			add(wish{t.name, c.Name, c.Keep})
			continue
		}
		pattern := o.names.pattern(c.Name)
		for _, name := range sorted(there) {
			if pattern.MatchString(name) {
				add(wish{name, c.Name, c.Keep})
			}
		}
	}
	return list
}

func sorted(set map[string]bool) []string {
	var list []string
	for name := range set {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// pattern matches the names of all topics of a class.
func (n *names) pattern(class string) *regexp.Regexp {
	const mark = "/" // in no name
	text := n.template.RenderParts(nil, patternRecord(class), func(dst, value []byte) []byte {
		if string(value) == mark {
			return append(dst, mark...)
		}
		return appendConfined(dst, value)
	})
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(string(text)), mark, "[a-z0-9_]+") + "$")
}

// patternRecord is a document of one class of which all else can be anything.
type patternRecord string

func (r patternRecord) Lookup(path string) event.Value {
	if path == classPath {
		return event.Value{Kind: event.String, Text: []byte(r)}
	}
	return event.Value{Kind: event.String, Text: []byte("/")}
}

// topicConfig is what is read of a topic's settings.
type topicConfig struct {
	keep      time.Duration // 0 is for ever
	ours      bool          // it is set on the topic itself, as Sluice does
	compacted bool          // it is not deleted by time
	bytes     int64         // deleted beyond that size too; -1 is never
}

// topicSource marks a setting of the topic itself.
const topicSource = 1

func (o *Output) readTopic(ctx context.Context, name string) (topicConfig, error) {
	c := topicConfig{bytes: -1}
	answer, err := o.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: name, ConfigNames: []string{retentionKey, "cleanup.policy", "retention.bytes"},
	}}})
	if err == nil && len(answer.Resources) != 1 {
		err = errAnswerBroken
	}
	if err == nil {
		err = answer.Resources[0].Error
	}
	if err != nil {
		return c, fmt.Errorf("read settings of topic %s: %w", name, o.broken(err))
	}
	found := false
	for _, e := range answer.Resources[0].ConfigEntries {
		switch e.ConfigName {
		case retentionKey:
			found = true
			c.ours = e.ConfigSource == topicSource
			if c.keep, err = parseRetention(e.ConfigValue); err != nil {
				return c, fmt.Errorf("read settings of topic %s: %w", name, err)
			}
		case "cleanup.policy":
			c.compacted = !strings.Contains(e.ConfigValue, "delete")
		case "retention.bytes":
			if c.bytes, err = strconv.ParseInt(e.ConfigValue, 10, 64); err != nil {
				return c, fmt.Errorf("read settings of topic %s: retention.bytes: %w", name, err)
			}
		}
	}
	if !found {
		return c, fmt.Errorf("read settings of topic %s: %w", name, errAnswerBroken)
	}
	return c, nil
}

func parseRetention(text string) (time.Duration, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", retentionKey, err)
	}
	if n < 0 || n > int64(1<<63-1)/int64(time.Millisecond) { // 292 years
		return 0, nil
	}
	return time.Duration(n) * time.Millisecond, nil
}

// planTopic compares one topic with what is wanted.
func (o *Output) planTopic(w wish, have topicConfig) outputs.RetentionChange {
	change := outputs.RetentionChange{Class: w.class, Kind: kindTopic, Name: w.name, Have: have.keep, Want: w.keep}
	change.Action, _ = outputs.CompareRetention(have.keep, w.keep)
	switch {
	case have.compacted:
		change.Action, change.Have = outputs.WarnRetention, 0
		change.Warning = "the topic is compacted: it keeps the last record of each key, whatever its age"
	case change.Action.Changes() && !have.ours && !o.config.AdoptTopics:
		change.Action = outputs.WarnRetention
		change.Warning = "it has the brokers' default, so Sluice did not make it: not changed without adopt_topics"
	case have.bytes >= 0:
		if !change.Action.Changes() {
			change.Action = outputs.WarnRetention
		}
		change.Warning = fmt.Sprintf("each partition is also cut at %d bytes (retention.bytes)", have.bytes)
	}
	return change
}

// ApplyRetention implements outputs.Retainer.
func (o *Output) ApplyRetention(ctx context.Context, changes []outputs.RetentionChange) error {
	now, err := o.PlanRetention(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if !c.Action.Changes() {
			continue
		}
		if c.Action == outputs.ShortenRetention && !c.Confirmed {
			return fmt.Errorf("%s %s keeps for less than now: not without --shorten %s", c.Kind, c.Name, c.Class)
		}
		c.Confirmed = false
		if !slices.Contains(now, c) {
			return fmt.Errorf("%s %s has changed since the plan was made: plan again", c.Kind, c.Name)
		}
		if c.Action == outputs.CreateRetention {
			t := &topic{name: c.Name, keep: c.Want}
			if err := o.create(ctx, t); err != nil {
				return err
			}
			continue
		}
		if err := o.setRetention(ctx, c.Name, c.Want); err != nil {
			return fmt.Errorf("set retention of topic %s: %w", c.Name, o.broken(err))
		}
	}
	return nil
}

// setRetention changes that one setting of a topic and leaves the others.
func (o *Output) setRetention(ctx context.Context, name string, keep time.Duration) error {
	answer, err := o.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: name,
		Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: retentionKey, Value: retentionValue(keep), ConfigOperation: kafka.ConfigOperationSet}},
	}}})
	if err != nil {
		return err
	}
	if len(answer.Resources) != 1 {
		return errAnswerBroken
	}
	return answer.Resources[0].Error
}
