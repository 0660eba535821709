from fastnfurious import FastNFuriousAPI
from fastnfurious.cli import command

app = FastNFuriousAPI(title="Shop")


@app.get("/orders/{order}", tags=["orders"])
async def read_order(order: int) -> dict[str, int]:
    return {"order": order}


main = command("shop:app", name="shop")

if __name__ == "__main__":
    main()
