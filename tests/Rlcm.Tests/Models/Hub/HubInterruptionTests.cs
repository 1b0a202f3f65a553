using Xunit;

namespace Rlcm.Tests.Models.Hub;

/// <summary>Connections that break, servers that are busy, and files that arrive wrong.</summary>
public sealed class HubInterruptionTests : HubFixture
{
    private const int Cut = 5000; // bytes, well within the U-Net's weights

    [Fact]
    public async Task A_connection_that_is_cut_is_continued_where_it_broke()
    {
        Change(Unet, (number, _, usual) => number < 3 ? usual with { CutAfter = Cut } : usual);
        await FetchAsync();
        Assert.Equal([0, Cut, 2 * Cut, 3 * Cut], RequestsFor(Unet).Select(request => request.Offset));
        Assert.Equal(Hub.Content(Unet).Length, Hub.Sent[HubStub.PathOf(Unet)]); // no byte was sent twice
        Assert.Empty(Time.Waits);
        Assert.Empty(Partials());
    }

    [Fact]
    public async Task What_an_earlier_run_fetched_is_not_sent_again()
    {
        Change(Unet, (_, _, usual) => usual with { CutAfter = Cut, Hangs = true });
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => FetchAsync(stop: stop.Token, onProgress: value =>
        {
            if (value.File == Unet && Partials() is [var partial] && new FileInfo(partial).Length == Cut)
                stop.Cancel();
        }));
        Assert.Equal(Hub.Content(Unet)[..Cut], File.ReadAllBytes(Assert.Single(Partials())));
        Assert.False(Directory.Exists(Path.Combine(Repository, "refs")));

        Hub.Answer = Hub.Usual;
        Hub.Requests.Clear();
        await FetchAsync();
        Assert.Equal(Cut, RequestsFor(Unet).Single().Offset);
        Assert.Equal(Hub.Content(Unet).Length, Hub.Sent[HubStub.PathOf(Unet)]);
        Assert.Equal(Hub.Content(Unet), File.ReadAllBytes(Path.Combine(Snapshot, Unet)));
    }

    [Fact]
    public async Task A_connection_that_hangs_is_continued()
    {
        Change(Unet, (number, _, usual) => number == 0 ? usual with { CutAfter = Cut, Hangs = true } : usual);
        await FetchAsync();
        Assert.Equal([0, Cut], RequestsFor(Unet).Select(request => request.Offset));
    }

    [Fact]
    public async Task A_server_that_gives_no_parts_starts_again()
    {
        Change(Unet, (number, _, _) => new HubReply(200, Hub.Content(Unet)) with { CutAfter = number == 0 ? Cut : null });
        await FetchAsync();
        Assert.Equal([0, Cut], RequestsFor(Unet).Select(request => request.Offset));
        Assert.Equal(Hub.Content(Unet), File.ReadAllBytes(Path.Combine(Snapshot, Unet)));
    }

    [Fact]
    public async Task A_server_that_always_starts_again_and_breaks_off_is_given_up()
    {
        Change(Unet, (_, _, _) => new HubReply(200, Hub.Content(Unet)) with { CutAfter = Cut });
        Assert.Contains("broke off the connection", await RefusedAsync(), StringComparison.Ordinal);
        Assert.Equal(7, RequestsFor(Unet).Count());
    }

    [Fact]
    public async Task Another_range_than_was_asked_for_is_not_appended()
    {
        Change(Unet, (number, _, usual) => number switch
        {
            0 => usual with { CutAfter = Cut },
            1 => new(206, Hub.Content(Unet)[(Cut + 1)..]) { Headers = [$"Content-Range: bytes {Cut + 1}-{Hub.Content(Unet).Length - 1}/{Hub.Content(Unet).Length}"] },
            _ => usual,
        });
        await FetchAsync();
        Assert.Equal(Hub.Content(Unet), File.ReadAllBytes(Path.Combine(Snapshot, Unet)));
    }

    [Fact]
    public async Task A_range_that_the_server_does_not_have_starts_again()
    {
        Change(Unet, (number, _, usual) => number == 0 ? usual with { CutAfter = Cut } : number == 1 ? new(416, []) : usual);
        await FetchAsync();
        Assert.Equal([0, Cut, 0], RequestsFor(Unet).Select(request => request.Offset));
    }

    [Fact]
    public async Task A_wrong_checksum_deletes_what_arrived()
    {
        var digest = "";
        Change(Unet, (_, _, usual) =>
        {
            var damaged = usual.Body.ToArray();
            damaged[^1] ^= 1;
            digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(damaged));
            return usual with { Body = damaged };
        });
        var error = await RefusedAsync();
        Assert.StartsWith($"{Unet} of tiny/model has arrived damaged: expected the SHA-256 ", error, StringComparison.Ordinal);
        Assert.EndsWith($", found {digest}; what had arrived of it was deleted, start again to fetch it anew.", error, StringComparison.Ordinal);
        Assert.Empty(Partials());
        Assert.False(Path.Exists(Path.Combine(Snapshot, Unet)));
    }

    [Fact]
    public async Task A_wrong_checksum_of_a_small_file_is_found_too()
    {
        Change("unet/config.json", (_, _, usual) => usual with { Body = [.. usual.Body[..^1], (byte)'!'] });
        Assert.StartsWith("unet/config.json of tiny/model has arrived damaged: expected the git SHA-1 ", await RefusedAsync(), StringComparison.Ordinal);
        Assert.Empty(Partials());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Another_size_is_refused(int difference)
    {
        var size = Hub.Content(Unet).Length;
        Change(Unet, (_, _, usual) => usual with { Body = [.. usual.Body.Append((byte)0).Take(size + difference)] });
        Assert.Equal(
            $"{Unet} of tiny/model is of another size than the Hub says: expected {size} bytes, found {size + difference}; what had arrived of it was deleted, start again to fetch it anew.",
            await RefusedAsync());
        Assert.Empty(Partials());
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_after_growing_waits()
    {
        Change(Unet, (number, _, usual) => number < 3 ? new(503, []) : usual);
        await FetchAsync();
        Assert.Equal([1, 2, 4], Time.Waits.Select(wait => wait.TotalSeconds));
        Assert.Equal($"{Hub.Endpoint} answers HTTP 503 Status; next try in 1 s", Progress.First(value => value.Trouble is not null).Trouble);
    }

    [Fact]
    public async Task A_server_that_counts_requests_says_how_long_to_wait()
    {
        Change(Unet, (number, _, usual) => number == 0 ? new(429, []) { Headers = ["Retry-After: 17"] } : usual);
        await FetchAsync();
        Assert.Equal([17], Time.Waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public async Task A_wait_of_an_hour_is_left_to_the_user()
    {
        Change(Unet, (_, _, _) => new(429, []) { Headers = ["Retry-After: 3600"] });
        Assert.Equal(
            $"{Hub.Endpoint} answers HTTP 429 Status and asks to wait for 3600 seconds; check the connection and start again later: what has arrived is kept.", await RefusedAsync());
        Assert.Single(RequestsFor(Unet));
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_given_up()
    {
        Hub.Answer = _ => new(503, []);
        Assert.Equal($"{Hub.Endpoint} answers HTTP 503 Status; check the connection and start again later: what has arrived is kept.", await RefusedAsync());
        Assert.Equal(6, Hub.Requests.Count);
        Assert.Equal([1, 2, 4, 8, 16], Time.Waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        using (var gone = new HubStub(Folder["hub"]))
            Environment = new() { Cache = Environment.Cache, Endpoint = gone.Endpoint };
        Assert.StartsWith($"{Environment.Endpoint} cannot be reached (", await RefusedAsync(), StringComparison.Ordinal);
    }
}
