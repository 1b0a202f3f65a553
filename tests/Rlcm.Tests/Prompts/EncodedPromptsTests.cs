using Rlcm.Prompts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Prompts;

public sealed class EncodedPromptsTests
{
    [Fact, NoTensorLeaks]
    public void Each_prompt_is_encoded_once_and_comes_back_in_its_place()
    {
        var encoded = new List<string>();
        Tensor Encode(IReadOnlyList<string> prompts)
        {
            encoded.AddRange(prompts);
            return tensor(prompts.Select(prompt => (float)prompt.Length).ToArray()).unsqueeze(1).expand(-1, 3);
        }

        using var scope = NewDisposeScope();
        string[] first = [.. Enumerable.Range(0, 70).Select(length => new string('a', length))];
        using var prompts = new EncodedPrompts(Encode);
        prompts.Add(first);
        Assert.Equal(first, encoded);

        var rows = prompts.Of([new('b', 99), first[69], new('b', 99), first[0]]);
        Assert.Equal([4, 3], rows.shape);
        Assert.Equal([99f, 69f, 99f, 0f], rows.select(1, 2).data<float>().ToArray());
        Assert.Equal([.. first, new('b', 99)], encoded);
    }
}
