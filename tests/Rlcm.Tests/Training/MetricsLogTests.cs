using System.Text.Json;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder["metrics.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_line_has_exactly_the_promised_names_in_order()
    {
        using (var log = MetricsLog.Create(LogPath))
            log.Append(Update(1));
        var names = JsonDocument.Parse(File.ReadAllText(LogPath)).RootElement.EnumerateObject().Select(property => property.Name);
        Assert.Equal(
            ["update", "queries", "seconds", "reward_mean", "reward_std", "advantage_mean", "loss", "ratio_mean", "clip_fraction", "approx_kl", "grad_norm", "learning_rate", "images_per_second"],
            names);
    }

    [Fact]
    public void Lines_can_be_read_while_the_log_is_open()
    {
        using var log = MetricsLog.Create(LogPath);
        log.Append(Evaluation(0));
        log.Append(Update(1));
        var (updates, evaluations) = MetricsFile.Read(LogPath);
        Assert.Equal([Update(1)], updates);
        Assert.Equal([Evaluation(0)], evaluations);
        Assert.StartsWith("{\"evaluation\":{\"update\":0,", File.ReadAllText(LogPath), StringComparison.Ordinal);
    }

    [Fact]
    public void A_continued_log_holds_no_update_twice()
    {
        using (var log = MetricsLog.Create(LogPath))
        {
            log.Append(Evaluation(0));
            for (var u = 1; u <= 4; u++)
                log.Append(Update(u));
            log.Append(Evaluation(4));
        }

        var before = File.ReadAllLines(LogPath);
        using (var log = MetricsLog.Continue(LogPath, lastUpdate: 2))
            log.Append(Update(3));
        Assert.Equal(before[..4], File.ReadAllLines(LogPath));
    }

    [Fact]
    public void A_last_line_that_was_cut_off_is_left_out_and_overwritten()
    {
        using (var log = MetricsLog.Create(LogPath))
            log.Append(Update(1));
        File.AppendAllText(LogPath, "{\"update\":2,\"que");
        using (var log = MetricsLog.Continue(LogPath, lastUpdate: 1))
            log.Append(Update(2));
        Assert.Equal([Update(1), Update(2)], MetricsFile.Read(LogPath).Updates);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains($"The file {LogPath} cannot be read", Assert.Throws<UserErrorException>(() => MetricsFile.Read(LogPath)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("nothing")]
    [InlineData("null")]
    [InlineData("{\"evaluation\":null}")]
    public void A_foreign_line_is_refused_with_its_number(string line)
    {
        using (var log = MetricsLog.Create(LogPath))
            log.Append(Update(1));
        File.AppendAllText(LogPath, $"{line}\n");
        Assert.Contains("metrics.jsonl:2:", Assert.Throws<FileContentException>(() => MetricsFile.Read(LogPath)).Message, StringComparison.Ordinal);
    }

    private static UpdateMetrics Update(int update) => new(update, update * 64, 2.5, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1e-9, 0.8, 1e-4, 25.6);

    private static EvaluationMetrics Evaluation(int update) => new(update, update * 64, 2.5, 64, -6.5, 0.25, 0.9, 180, true);
}
