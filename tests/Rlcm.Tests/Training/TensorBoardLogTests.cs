using System.Text.Json;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class TensorBoardLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_reference_checksum_of_CRC_32C_is_met() =>
        Assert.Equal(uint.RotateRight(0xE3069283u, 15) + 0xA282EAD8, EventFile.MaskedCrc("123456789"u8)); // RFC 3720, appendix B.4

    [Fact]
    public void Events_hold_the_metrics_tag_by_tag_and_step_by_step()
    {
        UpdateMetrics[] updates = [Update(1), Update(200)];
        var evaluation = new EvaluationMetrics(0, 0, 0, 64, -6.5, 0.75, 0.9, 180, true);
        using (var metrics = MetricsLog.Create(_folder["metrics.jsonl"]))
        using (var log = TensorBoardLog.Continue(_folder["events"], [], [], TimeProvider.System))
        {
            metrics.Append(evaluation);
            log.Append(evaluation);
            foreach (var update in updates)
            {
                metrics.Append(update);
                log.Append(update);
            }
        }

        var events = EventFile.Read(Assert.Single(Directory.GetFiles(_folder["events"])));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        var now = TimeProvider.System.GetUtcNow();
        Assert.All(events, item => Assert.InRange(item.WallTime, now.AddMinutes(-5).ToUnixTimeSeconds(), now.ToUnixTimeSeconds() + 1));

        var lines = File.ReadAllLines(_folder["metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(1 + lines.Length, events.Count);
        foreach (var (line, item) in lines.Zip(events.Skip(1)))
        {
            var (group, numbers) = line.TryGetProperty("evaluation", out var inner) ? ("evaluation", inner) : ("train", line);
            Assert.Equal(numbers.GetProperty("update").GetInt64(), item.Step);
            Assert.Equal(
                numbers.EnumerateObject().Where(number => number.Value.ValueKind == JsonValueKind.Number && number.Name != "update").Select(number => ($"{group}/{number.Name}", number.Value.GetSingle())),
                item.Scalars.Select(scalar => (scalar.Key, scalar.Value)));
        }
    }

    [Fact]
    public void A_continued_log_holds_no_step_twice()
    {
        using (var log = TensorBoardLog.Continue(_folder["events"], [], [], TimeProvider.System))
        {
            for (var update = 1; update <= 4; update++)
                log.Append(Update(update));
        }

        File.WriteAllText(_folder["events/note.txt"], "mine");
        using (var log = TensorBoardLog.Continue(_folder["events"], [Update(1), Update(2)], [], TimeProvider.System))
            log.Append(Update(3));
        var events = EventFile.Read(Assert.Single(Directory.GetFiles(_folder["events"]), file => Path.GetFileName(file) != "note.txt"));
        Assert.Equal([1L, 2, 3], events.Skip(1).Select(item => item.Step));
    }

    private static UpdateMetrics Update(int update) => new(update, 64 * update, 2.5, -6.25, 0.5, 0.125, 1e-3, 1.5, 0.25, 1e-9, 0.75, 1e-4, 25.6);
}
