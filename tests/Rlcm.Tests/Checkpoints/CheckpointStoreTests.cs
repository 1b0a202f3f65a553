using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Checkpoints;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private sealed record Counters(long Step, double Best, IReadOnlyList<double> Rewards, ulong Seed);

    private static readonly Counters State = new(7, double.NegativeInfinity, [0.1, 1.0 / 3], ulong.MaxValue);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_run_without_checkpoints_has_no_latest()
    {
        var store = new CheckpointStore(folder["none"]);
        Assert.Null(store.Latest());
        Assert.Empty(store.Numbers);
    }

    [Fact]
    public void Tensors_and_state_come_back_exactly()
    {
        var store = new CheckpointStore(folder["checkpoints"]);
        Save(store, 7, value: 0.1f);

        using var loaded = store.Latest();
        using var tensor = loaded!.Tensor("adam.exp_avg.weight");
        var state = loaded.State<Counters>();

        Assert.Equal(7, loaded.Number);
        Assert.Equal([0.1f, -0f], tensor.data<float>().ToArray());
        Assert.Equal((State.Step, State.Best, State.Seed), (state.Step, state.Best, state.Seed));
        Assert.Equal(State.Rewards, state.Rewards);
    }

    [Fact]
    public void Tensors_are_copied_where_keys_and_shapes_agree()
    {
        var store = new CheckpointStore(folder.Path);
        Save(store, 1, value: 3);
        using var loaded = store.Latest();
        using var target = zeros(2);
        loaded!.CopyTo(new Dictionary<string, Tensor> { ["adam.exp_avg.weight"] = target });
        Assert.Equal([3, -0f], target.data<float>().ToArray());
    }

    [Fact]
    public void Tensors_of_other_keys_or_shapes_are_refused_before_anything_is_copied()
    {
        var store = new CheckpointStore(folder.Path);
        Save(store, 1, value: 3);
        using var loaded = store.Latest();
        using var target = zeros(2);
        using var wide = zeros(3, 2); // a copy would broadcast
        Assert.Contains("1 unexpected: adam.exp_avg.weight", Refused([]), StringComparison.Ordinal);
        Assert.Contains("1 missing: more;", Refused(new() { ["adam.exp_avg.weight"] = target, ["more"] = target }), StringComparison.Ordinal);
        Assert.Contains("1 mis-shaped: adam.exp_avg.weight (expected [3, 2], found [2])", Refused(new() { ["adam.exp_avg.weight"] = wide }), StringComparison.Ordinal);
        Assert.Equal([0, 0], target.data<float>().ToArray());

        string Refused(Dictionary<string, Tensor> targets) => Assert.Throws<UserErrorException>(() => loaded!.CopyTo(targets)).Message;
    }

    [Fact]
    public void Only_the_last_ones_stay_and_leftovers_of_a_killed_process_go()
    {
        var store = new CheckpointStore(folder.Path, keepLast: 2);
        Directory.CreateDirectory(folder[$"000009.{Guid.NewGuid():N}.tmp"]);
        Directory.CreateDirectory(folder[$"000002.{Guid.NewGuid():N}.old"]);
        foreach (var number in (long[])[1, 2, 3, 10])
            Save(store, number);

        Assert.Equal([3L, 10L], store.Numbers);
        Assert.Equal(["000003", "000010", "latest"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Folders_of_other_names_are_nobodys_business()
    {
        var store = new CheckpointStore(folder.Path, keepLast: 1);
        Directory.CreateDirectory(folder["1"]);
        Directory.CreateDirectory(folder["0000001"]);
        Save(store, 1);
        Save(store, 2);
        store.GoBackTo(2);
        Assert.Equal([2L], store.Numbers);
        Assert.Equal(["0000001", "000002", "1", "latest"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_ones_to_keep_stay_besides()
    {
        var store = new CheckpointStore(folder.Path, keepLast: 1);
        foreach (var number in (long[])[1, 2, 3, 4])
            Save(store, number, keep: [2, 9]);
        Assert.Equal([2L, 4L], store.Numbers);
    }

    [Fact]
    public void Going_back_to_an_earlier_checkpoint_makes_that_one_the_latest()
    {
        var store = new CheckpointStore(folder.Path, keepLast: 1);
        Save(store, 10);
        Save(store, 5, value: 3);

        using var loaded = store.Latest();
        using var tensor = loaded!.Tensor("adam.exp_avg.weight");
        Assert.Equal(5, loaded.Number);
        Assert.Equal(3, tensor.data<float>()[0]);
    }

    [Fact]
    public void A_failing_save_leaves_the_latest_as_it_was()
    {
        var store = new CheckpointStore(folder.Path);
        Save(store, 1);
        using var tensor = ones(1);
        Assert.Throws<IOException>(() => store.Save(2, new Dictionary<string, Tensor> { ["a"] = tensor }, new Unwritable("disk full")));

        Assert.Equal([1L], store.Numbers);
        using var loaded = store.Latest();
        Assert.Equal(1, loaded!.Number);
    }

    [Fact]
    public void Any_changed_byte_and_any_cut_is_found_and_the_newest_whole_checkpoint_is_named()
    {
        var store = new CheckpointStore(folder.Path);
        Save(store, 1);
        Save(store, 2);
        string[] files = [.. Directory.GetFiles(folder["000002"]), folder["latest"]];
        Assert.Equal(4, files.Length);
        foreach (var path in files)
        {
            var bytes = File.ReadAllBytes(path);
            for (var i = 0; i < bytes.Length; i++)
            {
                byte[] changed = [.. bytes];
                changed[i] ^= (byte)(1 << (i % 8));
                Damage(path, changed);
                Damage(path, bytes[..i]);
            }

            File.WriteAllBytes(path, bytes);
        }

        using var whole = store.Latest();
        Assert.Equal(2, whole!.Number);

        void Damage(string path, byte[] content)
        {
            File.WriteAllBytes(path, content);
            var message = Assert.Throws<UserErrorException>(store.Latest).Message;
            Assert.Contains(path, message, StringComparison.Ordinal);
            Assert.Matches($"; the newest one that is whole is {folder["00000"]}[12]: add --checkpoint [12] to continue from it.$", message);
        }
    }

    [Theory]
    [InlineData("state.safetensors")]
    [InlineData("state.json")]
    [InlineData("checksums.json")]
    public void A_missing_file_is_named_and_without_another_checkpoint_there_is_nothing_to_offer(string name)
    {
        var store = new CheckpointStore(folder.Path);
        Save(store, 1);
        File.Delete(Path.Combine(folder["000001"], name));

        var message = Assert.Throws<UserErrorException>(store.Latest).Message;
        Assert.Contains(Path.Combine(folder["000001"], name), message, StringComparison.Ordinal);
        Assert.EndsWith("; no other one is whole: begin a new run.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_latest_that_points_nowhere_is_an_error_even_when_older_ones_exist()
    {
        var store = new CheckpointStore(folder.Path);
        Save(store, 1);
        Save(store, 2);
        Directory.Delete(folder["000002"], recursive: true);

        Assert.Equal(
            $"{folder["latest"]} names the checkpoint 000002, which is not there; the newest one that is whole is {folder["000001"]}: add --checkpoint 1 to continue from it.",
            Assert.Throws<UserErrorException>(store.Latest).Message);
        File.WriteAllText(folder["latest"], "../elsewhere");
        Assert.Contains("elsewhere", Assert.Throws<UserErrorException>(store.Latest).Message);
    }

    [Fact]
    public void Where_there_is_none_the_advice_tells_a_run_that_has_none_yet_from_one_that_has_lost_them()
    {
        var store = new CheckpointStore(folder.Path);
        Assert.EndsWith("; there is no other one: leave --checkpoint out.", Assert.Throws<UserErrorException>(() => store.Load(3)).Message, StringComparison.Ordinal);
        Save(store, 1);
        Directory.Delete(folder["000001"], recursive: true);
        Assert.EndsWith("; no other one is whole: begin a new run.", Assert.Throws<UserErrorException>(store.Latest).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_latest_the_newest_counts()
    {
        var store = new CheckpointStore(folder.Path);
        Save(store, 1);
        Save(store, 2);
        File.Delete(folder["latest"]);
        using var loaded = store.Latest();
        Assert.Equal(2, loaded!.Number);
    }

    [Fact]
    public void Who_goes_back_loses_the_later_ones()
    {
        var store = new CheckpointStore(folder.Path);
        foreach (var number in (long[])[1, 2, 3])
            Save(store, number);
        store.GoBackTo(2);
        using var loaded = store.Latest();
        Assert.Equal(2, loaded!.Number);
        Assert.Equal(["000001", "000002", "latest"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static void Save(CheckpointStore store, long number, float value = 1, IReadOnlyCollection<long>? keep = null)
    {
        using var moment = tensor([value, -0f]);
        store.Save(
            number,
            new Dictionary<string, Tensor> { ["adam.exp_avg.weight"] = moment },
            State,
            keep);
    }

    private sealed record Unwritable(string Reason)
    {
        public long Step => throw new IOException(Reason);
    }
}
