namespace Rlcm.Rewards.Remote;

/// <summary>What a server answered about pictures, by their hash: the newest answers, up to a number of them.</summary>
/// <param name="capacity">The most answers that are kept.</param>
internal sealed class AnswerCache(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _answers = new(StringComparer.Ordinal);
    private readonly Queue<string> _oldestFirst = new();

    /// <summary>The answer about the picture <paramref name="hash"/>; null where there is none.</summary>
    public string? Find(string hash)
    {
        lock (_gate)
            return _answers.GetValueOrDefault(hash);
    }

    /// <summary>Keeps an answer, in place of the oldest where there are too many.</summary>
    public void Add(string hash, string answer)
    {
        lock (_gate)
        {
            if (!_answers.TryAdd(hash, answer))
                return;
            _oldestFirst.Enqueue(hash);
            if (_oldestFirst.Count > capacity)
                _answers.Remove(_oldestFirst.Dequeue());
        }
    }
}
